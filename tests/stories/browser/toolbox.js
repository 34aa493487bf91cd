// What a person perceives: shadow roots make no difference to them.
const deep = (root) => [...root.querySelectorAll("*")].flatMap((e) => [e, ...(e.shadowRoot ? deep(e.shadowRoot) : [])]);
const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;
const tidy = (text) => text.replace(/\s+/g, " ").trim();
const nameOf = (e) => tidy(e.getAttribute("aria-label") ?? e.getAttribute("placeholder") ?? e.innerText ?? "");
const controls = () => deep(document).filter((e) => e.matches("a[href], button, summary, label, input, textarea, select") && shown(e));
const best = (all, named, name) => {
  const by = (fits) => all.find((e) => fits(named(e)));
  return by((text) => text === name) ?? by((text) => text.startsWith(name)) ?? by((text) => text.includes(name));
};
const find = (name) => best(controls(), nameOf, name);
const labelOf = (e) => tidy(e.getAttribute("aria-label") ?? e.labels?.[0]?.innerText ?? "");
const field = (name) => best(controls().filter((e) => e.matches("input, textarea, select")), labelOf, name);
const outside = () => controls().filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map(nameOf);
const words = () => {
  const roots = deep(document).flatMap((e) => (e.shadowRoot ? [...e.shadowRoot.children] : []));
  return tidy([document.body, ...roots].filter(shown).map((e) => e.innerText).join(" "));
};
const focused = () => {
  let it = document.activeElement;
  while (it?.shadowRoot?.activeElement) it = it.shadowRoot.activeElement;
  return it;
};
