// @ts-check
/**
 * The look of the components. A page themes them from outside by setting the `--buzon-…` properties on
 * them or on any element around them.
 */

const CSS_TEXT = `
:host {
  --accent: var(--buzon-accent, #5b3df5);
  --on-accent: var(--buzon-on-accent, #fff);
  --surface: var(--buzon-surface, #fff);
  --raised: var(--buzon-raised, #f6f6f9);
  --text: var(--buzon-text, #17171c);
  --muted: var(--buzon-muted, #5d5d6b);
  --line: var(--buzon-line, #dfdfe7);
  --good: var(--buzon-good, #0a7a45);
  --bad: var(--buzon-bad, #b3261e);
  --warn: var(--buzon-warn, #8a5300);
  --bubble: var(--buzon-bubble, #eeeef4);
  --ghost: color-mix(in srgb, var(--line) 55%, var(--surface));
  --radius: var(--buzon-radius, 14px);
  --font: var(--buzon-font, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif);
  display: block;
  color: var(--text);
  font: 16px/1.5 var(--font);
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :host {
    --accent: var(--buzon-accent, #a493ff);
    --on-accent: var(--buzon-on-accent, #14101f);
    --surface: var(--buzon-surface, #17171c);
    --raised: var(--buzon-raised, #212129);
    --text: var(--buzon-text, #f3f3f7);
    --muted: var(--buzon-muted, #aeaebd);
    --line: var(--buzon-line, #34343f);
    --good: var(--buzon-good, #5fd39a);
    --bad: var(--buzon-bad, #ff9a92);
    --warn: var(--buzon-warn, #ffc069);
    --bubble: var(--buzon-bubble, #2a2a34);
  }
}
:host([hidden]), [hidden] { display: none !important; }
*, *::before, *::after { box-sizing: border-box; }
h2, h3, p, ul, ol { margin: 0; padding: 0; }
ul, ol { list-style: none; }
button, input, textarea { font: inherit; color: inherit; }
::placeholder { color: var(--muted); opacity: 1; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid color-mix(in srgb, var(--accent) 70%, transparent); outline-offset: 2px; }
.visually-hidden {
  position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
.icon { width: 1.25em; height: 1.25em; flex: none; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
.muted { color: var(--muted); font-size: .875rem; }
.button {
  display: inline-flex; align-items: center; justify-content: center; gap: .5rem; min-height: 44px; padding: .5rem 1.1rem;
  border: 1px solid transparent; border-radius: 999px; background: var(--accent); color: var(--on-accent);
  font-weight: 600; cursor: pointer; text-decoration: none; transition: filter .15s;
}
.button:hover:not(:disabled) { filter: brightness(1.08); }
.button.quiet { background: transparent; color: var(--text); border-color: var(--line); }
.button.danger { background: transparent; color: var(--bad); border-color: var(--bad); }
.button:disabled { background: var(--raised); color: var(--muted); border-color: var(--line); cursor: not-allowed; }
.button.small { min-height: 36px; padding: .25rem .8rem; font-size: .875rem; }
.link.small { font-size: .875rem; }
.link { background: none; border: 0; padding: .25rem 0; color: var(--accent); text-decoration: underline; cursor: pointer; }
.badge {
  display: inline-flex; align-items: center; gap: .35rem; padding: .15rem .6rem; border-radius: 999px; font-size: .8125rem; font-weight: 600;
  background: var(--raised); border: 1px solid var(--line);
}
.badge.good { color: var(--good); }
.badge.bad { color: var(--bad); }
.badge.warn { color: var(--warn); }
.avatar {
  flex: none; width: 44px; height: 44px; border-radius: 50%; display: grid; place-items: center; position: relative;
  background: var(--raised); color: var(--muted); font-weight: 700; border: 1px solid var(--line);
}
.avatar img { width: 100%; height: 100%; object-fit: cover; border-radius: 50%; }
.notice { display: flex; gap: .6rem; padding: .75rem .9rem; border-radius: 10px; background: var(--raised); border: 1px solid var(--line); }
.notice > .icon { margin-top: .15em; color: var(--muted); }
.notice.good { border-color: var(--good); }
.notice.good > .icon { color: var(--good); }
.notice.bad { border-color: var(--bad); }
.notice.bad > .icon { color: var(--bad); }
.notice.warn { border-color: var(--warn); }
.notice.warn > .icon { color: var(--warn); }
.skeleton { border-radius: 8px; min-height: 1.1rem; background: var(--ghost); }
.skeleton.short { width: 40%; }
.skeleton.tall { min-height: 4.2rem; }
.message > .skeleton.bubble { background: var(--ghost); width: 14rem; max-width: 100%; min-height: 2.4rem; border-radius: 18px; }
.skeleton.round { width: 44px; height: 44px; border-radius: 50%; }
@media (prefers-reduced-motion: no-preference) {
  .skeleton { animation: pulse 1.4s ease-in-out infinite; }
  @keyframes pulse { 50% { opacity: .45; } }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; scroll-behavior: auto !important; } }

/* The card and the selector */
.card { display: grid; gap: 1rem; padding: 1.25rem; background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); max-width: var(--buzon-card-width, 40rem); }
:host(.inside) .card { padding: 0; border: 0; background: none; }
:host(.inside) .card .mark { display: none; }
.card header { display: flex; align-items: center; gap: .75rem; flex-wrap: wrap; }
.card header h2 { font-size: 1.125rem; flex: 1; }
.card > [role="status"]:empty { display: none; }
.mark {
  display: grid; place-items: center; width: 40px; height: 40px; border-radius: 11px; color: #fff;
  background: linear-gradient(45deg, #f9a03f, #d6249f 55%, #6d3bd7);
}
.mark.messenger { background: linear-gradient(45deg, #0a5be0, #0a8bff); }
.actions { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; }
.accounts { display: grid; gap: .75rem; }
.account { display: grid; gap: .6rem; padding: .9rem; border: 1px solid var(--line); border-radius: 12px; }
.account .line { display: flex; gap: .75rem; align-items: center; flex-wrap: wrap; }
.account .who { flex: 1 1 9rem; min-width: 0; overflow-wrap: anywhere; }
.account .who strong { display: block; }
.account .line > .actions { margin-inline-start: auto; }
.account[data-status="error"] { border-color: var(--bad); }
.account[data-status="pending"], .account[data-status="paused"] { border-color: var(--warn); }
details summary { cursor: pointer; color: var(--muted); padding: .25rem 0; }
.choices { display: grid; gap: .6rem; border: 0; margin: 0; padding: 0; min-width: 0; }
.choice { display: flex; gap: .75rem; align-items: center; padding: .75rem; border: 1px solid var(--line); border-radius: 12px; cursor: pointer; }
.choice:has(:checked) { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
.choice.unavailable { cursor: not-allowed; background: var(--raised); }
.choice.unavailable strong { color: var(--muted); }
.choice input { width: 20px; height: 20px; accent-color: var(--accent); flex: none; }
.choice > span:last-child { min-width: 0; overflow-wrap: anywhere; }
.choice .line { display: block; }
@media (max-width: 22rem) { .choice .avatar { display: none; } }

/* The inbox */
.frame {
  container-type: inline-size; display: flex; flex-direction: column; gap: .6rem;
  height: var(--buzon-height, min(80vh, 56rem)); min-height: var(--buzon-min-height, 24rem);
}
.frame > div:empty { display: none; }
.frame > div:not(.inbox, :empty) { display: grid; gap: .6rem; }
.inbox {
  flex: 1; min-height: 0; display: grid; grid-template-columns: minmax(16rem, 22rem) minmax(0, 1fr); grid-template-rows: minmax(0, 1fr);
  background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); overflow: hidden;
}
.list { display: flex; flex-direction: column; min-height: 0; border-inline-end: 1px solid var(--line); }
.list .head { display: grid; gap: .6rem; padding: .9rem; border-bottom: 1px solid var(--line); }
.list h2 { font-size: 1.05rem; display: flex; gap: .5rem; align-items: center; }
.search { display: flex; align-items: center; gap: .5rem; padding: 0 .75rem; border: 1px solid var(--line); border-radius: 999px; background: var(--raised); }
.search input { flex: 1; min-width: 0; min-height: 40px; border: 0; background: none; outline: none; }
.search:focus-within { outline: 2px solid var(--accent); outline-offset: -1px; }
.filter { display: flex; flex-wrap: wrap; gap: .4rem; }
.chip {
  min-height: 36px; padding: .15rem .75rem; border: 1px solid var(--line); border-radius: 999px; background: none; color: var(--muted);
  font-size: .8125rem; font-weight: 600; cursor: pointer;
}
.chip:hover { background: var(--raised); }
.chip[aria-pressed="true"] { border-color: var(--accent); background: color-mix(in srgb, var(--accent) 12%, var(--surface)); color: var(--text); }
.scroll { position: relative; overflow-y: auto; min-height: 0; flex: 1; overscroll-behavior: contain; }
.scroll, .composer textarea { scrollbar-width: thin; scrollbar-color: color-mix(in srgb, var(--muted) 55%, transparent) transparent; }
.row {
  display: grid; grid-template-columns: auto 1fr auto; gap: .1rem .75rem; align-items: center; width: 100%; padding: .75rem .9rem;
  border: 0; border-bottom: 1px solid var(--line); background: none; text-align: start; cursor: pointer;
}
.row:hover { background: var(--raised); }
.row[aria-current="true"] { background: color-mix(in srgb, var(--accent) 12%, var(--surface)); }
.row .face { grid-row: span 2; }
.row .skeleton.round { grid-row: span 2; }
.row .skeleton:not(.round) { grid-column: 2 / -1; min-height: .8rem; }
.more { display: grid; place-content: center; padding: .9rem; }
.face { position: relative; flex: none; }
.face .mark {
  position: absolute; inset-inline-end: -4px; inset-block-end: -4px; width: 20px; height: 20px; border-radius: 7px;
  box-shadow: 0 0 0 2px var(--surface);
}
.face .mark .icon { width: 14px; height: 14px; }
.row .name, .row .preview { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
.row.unread .name, .row.unread .preview { font-weight: 700; color: var(--text); }
.row time { font-size: .8125rem; color: var(--muted); }
.row .preview { color: var(--muted); font-size: .9rem; }
.count { min-width: 1.4rem; padding: 0 .4rem; border-radius: 999px; background: var(--accent); color: var(--on-accent); font-size: .8125rem; font-weight: 700; text-align: center; justify-self: end; }
.empty { display: grid; place-content: center; justify-items: center; gap: .4rem; padding: 2rem; text-align: center; height: 100%; }
.icon.big { width: 2.6rem; height: 2.6rem; color: var(--muted); stroke-width: 1.3; }
.top { display: grid; justify-items: center; padding: 1rem 1rem 0; }
.thread { display: flex; flex-direction: column; min-width: 0; min-height: 0; }
.thread .head { display: flex; gap: .75rem; align-items: center; padding: .7rem .9rem; border-bottom: 1px solid var(--line); }
.thread .head .who { min-width: 0; flex: 1; line-height: 1.25; }
.thread .head h2 { font-size: 1rem; overflow-wrap: anywhere; }
.back { display: none; }
.messages { display: flex; flex-direction: column; gap: .35rem; padding: .9rem; }
.day { align-self: center; margin: .75rem 0 .35rem; font-size: .8125rem; color: var(--muted); }
.top .messages { width: 100%; padding: 0; }
.message { display: grid; gap: .2rem; max-width: min(34rem, 82%); justify-items: start; }
.message.outbound { align-self: flex-end; justify-items: end; }
.message.event { align-self: center; max-width: 100%; font-size: .875rem; color: var(--muted); text-align: center; justify-items: center; }
.bubble { padding: .55rem .85rem; border-radius: 18px; background: var(--bubble); overflow-wrap: anywhere; white-space: pre-wrap; min-width: 0; }
.outbound .bubble { background: var(--accent); color: var(--on-accent); }
.bubble.gone { background: none; border: 1px dashed var(--line); color: var(--muted); font-style: italic; }
.quote { border-inline-start: 3px solid var(--line); padding-inline-start: .6rem; font-size: .85rem; color: var(--muted); overflow-wrap: anywhere; }
.attachment { display: inline-flex; gap: .5rem; align-items: center; padding: .55rem .8rem; border-radius: 14px; background: var(--raised); border: 1px solid var(--line); max-width: 100%; }
.attachment:has(img, video) { padding: .25rem; }
.attachment img { min-width: 9rem; min-height: 6rem; object-fit: cover; }
.attachment audio { width: 16rem; max-width: 100%; min-width: 0; }
.attachment.sticker { background: none; border: 0; }
.attachment.sticker img { min-width: 0; min-height: 0; width: 6rem; height: 6rem; object-fit: contain; }
.attachment img, .attachment video { display: block; max-width: 100%; max-height: 16rem; border-radius: 10px; }
.reactions { display: inline-flex; gap: .2rem; margin-top: -.5rem; padding: 0 .35rem; border-radius: 999px; background: var(--surface); border: 1px solid var(--line); }
.meta { display: flex; flex-wrap: wrap; gap: .15rem .5rem; font-size: .8125rem; color: var(--muted); }
.outbound .meta { justify-content: flex-end; text-align: end; }
.meta .reason { flex-basis: 100%; }
.meta .bad { color: var(--bad); }
.meta .warn { color: var(--warn); }
.state { display: inline-flex; gap: .2rem; align-items: center; }
.state.seen .tick { color: var(--accent); }
.tick { width: 1em; height: 1em; stroke-width: 2.4; }
.composer { display: grid; grid-template-columns: minmax(0, 1fr); gap: .4rem; padding: .75rem .9rem; border-top: 1px solid var(--line); }
.composer .line { display: flex; gap: .6rem; align-items: flex-end; }
.composer textarea { flex: 1; overflow-wrap: anywhere; min-width: 0; min-height: 44px; max-height: 10rem; padding: .6rem .9rem; resize: none; border: 1px solid var(--line); border-radius: 20px; background: var(--raised); field-sizing: content; }
.composer .below { display: flex; justify-content: space-between; gap: .2rem 1rem; flex-wrap: wrap; }
.composer .below span { display: flex; gap: .35rem; align-items: center; }
.composer textarea:focus-visible { outline: 2px solid var(--accent); outline-offset: -1px; }
.composer textarea:disabled { cursor: not-allowed; opacity: .7; }
.composer .button { min-width: 44px; padding: .5rem .75rem; }
.composer .bad { color: var(--bad); }
@container (max-width: 44rem) {
  .inbox { grid-template-columns: minmax(0, 1fr); }
  .list { border-inline-end: 0; }
  .inbox.open .list, .inbox:not(.open) .thread { display: none; }
  .back { display: inline-grid; place-items: center; width: 44px; height: 44px; border: 0; border-radius: 50%; background: none; cursor: pointer; }
}
`;

export const sheet = new CSSStyleSheet();
sheet.replaceSync(CSS_TEXT);
