// Stands between a page and its server: holds calls until a story lets them through, and remembers how long the page waits.
window.gate ??= (() => {
  const gate = { holding: [], waiting: [], waits: [] };
  const [call, wait] = [window.fetch, window.setTimeout];
  window.fetch = async (...request) => {
    const url = new URL(request[0], location.href);
    const path = url.pathname + url.search;
    if (gate.holding.some((text) => path.includes(text))) await new Promise((go) => gate.waiting.push({ path, go }));
    return call(...request);
  };
  window.setTimeout = (task, milliseconds, ...rest) => {
    gate.waits.push(milliseconds);
    return wait(task, milliseconds, ...rest);
  };
  gate.holds = (text) => gate.waiting.some(({ path }) => path.includes(text));
  gate.letThrough = (text) => gate.waiting.splice(gate.waiting.findIndex(({ path }) => path.includes(text)), 1)[0].go();
  gate.open = () => {
    gate.holding = [];
    for (const { go } of gate.waiting.splice(0)) go();
  };
  return gate;
})();
