// The phone: writes as a contact, shows what the account answers. Asks for news every second.
'use strict';

const $ = (id) => document.getElementById(id);
const view = document.querySelector('main.phone');
const POLL_MS = 1000;

const CHANNELS = ['instagram', 'messenger'];

const state = {
  contacts: [], inboxes: { instagram: [], messenger: [] }, channel: 'instagram', contact: null, account: null, shown: '', context: null, atEnd: true,
};

const NAMES = {
  instagram: { inboxes: 'Accounts', unheard: 'No app listens to this account yet: messages stay on this phone.' },
  messenger: { inboxes: 'Pages', unheard: 'No app listens to this Page yet: messages stay on this phone.' },
};

const REACTIONS = {
  instagram: [['love', '❤️']],
  messenger: [['love', '❤️'], ['smile', '😆'], ['like', '👍']],
};

const EXTRAS = { instagram: [
  ['Photo', { kind: 'media', media: 'image' }],
  ['Two photos', { kind: 'media', media: 'image', count: 2 }],
  ['Voice message', { kind: 'media', media: 'audio' }],
  ['View-once photo', { kind: 'ephemeral' }],
  ['Sticker', { kind: 'sticker' }],
  ['Share a post', { kind: 'share' }],
  ['Share a reel', { kind: 'reel' }],
  ['Mention in my story', { kind: 'story_mention' }],
  ['Answer a story', { kind: 'story_reply', text: 'What a lovely story!' }],
  ['Tap “Opening hours?”', { kind: 'postback', title: 'Opening hours?', payload: 'HOURS' }],
  ['Come from an ad', { kind: 'ad_message', text: 'Is this still available?', ref: 'autumn' }],
  ['Comment on a post', { kind: 'comment', text: 'How much is it?' }],
  ['Something unsupported', { kind: 'unsupported' }],
], messenger: [
  ['Photo', { kind: 'media', media: 'image' }],
  ['Two photos', { kind: 'media', media: 'image', count: 2 }],
  ['Voice message', { kind: 'media', media: 'audio' }],
  ['Thumbs up', { kind: 'sticker' }],
  ['Share a link', { kind: 'fallback', title: 'What is on the menu', url: 'https://example.com/menu' }],
  ['Share a post', { kind: 'share' }],
  ['Tap “Get started”', { kind: 'postback', title: 'Get started', payload: 'START' }],
  ['Tap “Opening hours?”', { kind: 'postback', title: 'Opening hours?', payload: 'HOURS' }],
  ['Follow an m.me link', { kind: 'referral', ref: 'table-7' }],
  ['Come from an ad', { kind: 'ad_message', text: 'Is this still available?', ref: 'autumn' }],
  ['Fill in an ad’s form', { kind: 'lead' }],
  ['Subscribe to news', { kind: 'optin', payload: 'NEWS' }],
  ['Comment on a post', { kind: 'comment', text: 'How much is it?' }],
] };

// The accounts or Pages of the app that is open.
const inboxes = () => state.inboxes[state.channel];
const between = () => ({ contact: state.contact, account: state.account, channel: state.channel });

async function load(path, options) {
  const answer = await fetch(path, options);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error || `The simulation answered ${answer.status}.`);
  return body;
}

function notice(text) {
  $('notice').hidden = !text;
  $('notice').textContent = text || '';
}

async function act(action) {
  try {
    await load('/phone/api/act', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...between(), action }),
    });
    await refresh();
    return true;
  } catch (error) {
    notice(error.message);
    return false;
  }
}

// Directory

async function readDirectory() {
  const { contacts, accounts, pages } = await load('/phone/api/directory');
  Object.assign(state, { contacts, inboxes: { instagram: accounts, messenger: pages } });
}

function choose(channel, contact, account, open) {
  const known = (list, name) => (list.find((one) => [one.username, one.name].includes(name)) || list[0])?.username;
  state.channel = CHANNELS.includes(channel) ? channel : 'instagram';
  state.contact = known(state.contacts, contact);
  state.account = known(inboxes(), account);
  state.shown = '';
  state.atEnd = true;
  setContext(null);
  view.dataset.view = open ? 'thread' : 'list';
  view.dataset.channel = state.channel;
  history.replaceState(null, '', `/phone?${new URLSearchParams(between())}`);
  showApps();
  showDirectory();
  showTop();
  refresh();
}

function showApps() {
  for (const button of document.querySelectorAll('.apps button')) {
    button.setAttribute('aria-pressed', String(button.dataset.channel === state.channel));
  }
  $('inbox-title').textContent = NAMES[state.channel].inboxes;
  $('extras').replaceChildren(...EXTRAS[state.channel].map(([label, action]) => element('button', {
    type: 'button', onclick: () => { toggleExtras(false); act(action); },
  }, label)));
}

function showDirectory() {
  $('contact').replaceChildren(...state.contacts.map((contact) =>
    element('option', { value: contact.username, selected: contact.username === state.contact }, contact.name)));
  $('accounts').replaceChildren(...inboxes().map((account) => element('li', {}, element('button', {
    type: 'button',
    'aria-current': account.username === state.account ? 'true' : null,
    onclick: () => choose(state.channel, state.contact, account.username, true),
  }, avatar(account), element('span', { class: 'who' },
    element('span', { class: 'name' }, account.name),
    element('span', { class: 'detail' }, account.detail)),
  account.connected ? element('span', { class: 'live' }, '● connected') : ''))));
}

function avatar(face) {
  return element('span', { class: `avatar hue-${face.hue}`, 'aria-hidden': 'true' }, face.initials);
}

function showTop() {
  const account = inboxes().find((one) => one.username === state.account);
  if (!account) return;
  $('top-avatar').className = `avatar hue-${account.hue}`;
  $('top-avatar').textContent = account.initials;
  $('top-name').textContent = account.name;
  $('top-detail').textContent = account.detail;
}

// Conversation

async function refresh() {
  if (!state.account) return;
  const asked = new URLSearchParams(between()).toString();
  let thread;
  try {
    thread = await load(`/phone/api/thread?${asked}`);
  } catch {
    notice('The simulation does not answer. Is it still running?');
    return;
  }
  if (asked !== new URLSearchParams(between()).toString()) return;
  const account = inboxes().find((one) => one.username === state.account);
  if (account && account.connected !== thread.connected) {
    account.connected = thread.connected;
    showDirectory();
  }
  notice(thread.connected ? '' : NAMES[state.channel].unheard);
  const { now_ms: _, ...lasting } = thread;
  const fresh = JSON.stringify(lasting);
  if (fresh !== state.shown) {
    state.shown = fresh;
    showThread(thread);
  }
}

function showThread(thread) {
  const list = $('messages');
  const nodes = thread.messages.map((message) => showMessage(message, thread));
  if (nodes.length === 0) nodes.push(element('li', { class: 'none' }, 'Say hello. What the account answers shows up here.'));
  const last = thread.messages.at(-1);
  if (last?.mine && last.mid === thread.business_seen_mid) nodes.push(element('li', { class: 'status-line' }, 'Seen'));
  if (thread.typing) nodes.push(element('li', { class: 'typing' }, 'typing…'));
  list.replaceChildren(...nodes);
  $('seen').disabled = !thread.messages.some((message) => !message.mine);
  if (last?.mine) state.atEnd = true;
  if (state.atEnd) toEnd();
}

function toEnd() {
  $('messages').scrollTop = $('messages').scrollHeight;
}

function showMessage(message) {
  const parts = [];
  if (message.quoted) parts.push(element('span', { class: 'quoted' }, `↩ ${message.quoted}`));
  if (message.deleted) parts.push(element('div', { class: 'bubble ghost' }, 'Message unsent'));
  else parts.push(...content(message));
  const reactions = [message.my_reaction, message.their_reaction].filter(Boolean).map(emoji);
  if (reactions.length) parts.push(element('span', { class: 'reactions', 'aria-label': 'Reactions' }, reactions.join(' ')));
  parts.push(choices(message), meta(message));
  return element('li', { class: message.mine ? 'message mine' : 'message' }, ...parts);
}

function choices(message) {
  if (!message.quick_replies?.length) return '';
  return element('div', { class: 'choices-row' }, ...message.quick_replies.map((reply) => element('button', {
    type: 'button', onclick: () => act({ kind: 'quick_reply', text: reply.title, payload: reply.payload }),
  }, reply.title)));
}

function meta(message) {
  const time = new Date(message.at_ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  const line = element('div', { class: 'meta' }, element('span', {}, message.edited ? `${time} · edited` : time));
  if (message.deleted) return line;
  const button = (label, onclick, name) => line.append(element('button', { type: 'button', onclick, 'aria-label': name }, label));
  const about = message.text || 'the attachment';
  if (message.mine) {
    if (message.text && !message.postback) button('Edit', () => setContext({ kind: 'edit', mid: message.mid, label: `Editing: ${about}`, text: message.text }));
    button('Unsend', () => act({ kind: 'unsend', mid: message.mid }));
  } else {
    button('Reply', () => setContext({ kind: 'text', mid: message.mid, label: `Replying to: ${about}`, text: '' }));
    if (message.my_reaction) button(`Take back ${message.my_reaction}`, () => act({ kind: 'unreact', mid: message.mid }));
    else REACTIONS[state.channel].forEach(([reaction, sign], index) => button(index === 0 ? `${sign} React` : sign, () => act({
      kind: 'reaction', mid: message.mid, reaction, emoji: sign,
    }), `React with ${sign}`));
  }
  return line;
}

// Composer

function setContext(context) {
  state.context = context;
  $('context').hidden = !context;
  $('context-text').textContent = context?.label || '';
  if (!context) return;
  $('text').value = context.text;
  $('text').focus();
}

async function send() {
  const text = $('text').value.trim();
  if (!text) return;
  const { context } = state;
  const action = context?.kind === 'edit'
    ? { kind: 'edit', mid: context.mid, text }
    : { kind: 'text', text, reply_to: context?.mid ?? null };
  $('text').value = '';
  setContext(null);
  if (!await act(action)) $('text').value = text;
}

function toggleExtras(open) {
  $('extras').hidden = !open;
  $('more').setAttribute('aria-expanded', String(open));
}

function listen() {
  $('composer').addEventListener('submit', (event) => { event.preventDefault(); send(); });
  $('text').addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); }
  });
  $('context-close').addEventListener('click', () => { setContext(null); $('text').value = ''; });
  $('contact').addEventListener('change', (event) => choose(state.channel, event.target.value, state.account, view.dataset.view === 'thread'));
  for (const button of document.querySelectorAll('.apps button')) {
    button.addEventListener('click', () => choose(button.dataset.channel, state.contact, state.account, false));
  }
  $('back').addEventListener('click', () => { view.dataset.view = 'list'; });
  $('seen').addEventListener('click', () => act({ kind: 'seen' }));
  const list = $('messages');
  list.addEventListener('scroll', () => { state.atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80; });
  // A picture takes its room only once it is there, and the list of extras takes room of the messages.
  list.addEventListener('load', () => state.atEnd && toEnd(), true);
  new ResizeObserver(() => state.atEnd && toEnd()).observe(list);
  $('more').addEventListener('click', () => toggleExtras($('extras').hidden));
}

async function start() {
  listen();
  try {
    await readDirectory();
  } catch (error) {
    notice(error.message);
    return;
  }
  const wanted = new URLSearchParams(location.search);
  choose(wanted.get('channel'), wanted.get('contact'), wanted.get('account'), wanted.has('account'));
  setInterval(refresh, POLL_MS);
}

start();
