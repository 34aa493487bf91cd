// Stands between a page and its server: holds calls until a story lets them through, remembers them and how long the page waits, and
// lets what it would do by itself come sooner, or never.
window.gate ??= (() => {
  const gate = { holding: [], waiting: [], waits: [], log: [], comes: (milliseconds) => milliseconds };
  const [call, wait] = [window.fetch, window.setTimeout];
  window.fetch = async (...request) => {
    const url = new URL(request[0], location.href);
    const path = url.pathname + url.search;
    gate.log.push(path);
    if (gate.holding.some((text) => path.includes(text))) await new Promise((go) => gate.waiting.push({ path, go }));
    return call(...request);
  };
  window.setTimeout = (task, milliseconds, ...rest) => {
    gate.waits.push(milliseconds);
    const sooner = gate.comes(milliseconds ?? 0);
    const done = (...given) => (gate.log.push(milliseconds), task(...given));
    return sooner === undefined ? 0 : wait(done, sooner, ...rest);
  };
  gate.holds = (text) => gate.waiting.some(({ path }) => path.includes(text));
  gate.letThrough = (text) => gate.waiting.splice(gate.waiting.findIndex(({ path }) => path.includes(text)), 1)[0].go();
  gate.open = () => {
    gate.holding = [];
    for (const { go } of gate.waiting.splice(0)) go();
  };
  return gate;
})();
