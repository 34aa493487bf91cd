// What a person perceives: shadow roots make no difference to them.
const deep = (root) => [...root.querySelectorAll("*")].flatMap((e) => [e, ...(e.shadowRoot ? deep(e.shadowRoot) : [])]);
const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;
const tidy = (text) => text.replace(/\s+/g, " ").trim();
const nameOf = (e) => tidy(e.getAttribute("aria-label") ?? e.getAttribute("placeholder") ?? e.innerText ?? "");
const controls = () => deep(document).filter((e) => e.matches("a[href], button, summary, label, input, textarea, select") && shown(e));
const find = (name) => {
  const all = controls();
  const by = (fits) => all.find((e) => fits(nameOf(e)));
  return by((text) => text === name) ?? by((text) => text.startsWith(name)) ?? by((text) => text.includes(name));
};
const words = () => {
  const roots = deep(document).flatMap((e) => (e.shadowRoot ? [...e.shadowRoot.children] : []));
  return tidy([document.body, ...roots].filter(shown).map((e) => e.innerText).join(" "));
};
