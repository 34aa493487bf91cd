// The phone: writes as a contact, shows what the account answers. Asks for news every second.
'use strict';

const $ = (id) => document.getElementById(id);
const view = document.querySelector('main.phone');
const POLL_MS = 1000;

const state = { contacts: [], accounts: [], contact: null, account: null, shown: '', context: null, atEnd: true };

const EXTRAS = [
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
];

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'onclick') node.addEventListener('click', value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return node;
}

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
      body: JSON.stringify({ contact: state.contact, account: state.account, action }),
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
  const { contacts, accounts } = await load('/phone/api/directory');
  Object.assign(state, { contacts, accounts });
}

function choose(contact, account, open) {
  const known = (list, name) => list.some((one) => one.username === name);
  state.contact = known(state.contacts, contact) ? contact : state.contacts[0]?.username;
  state.account = known(state.accounts, account) ? account : state.accounts[0]?.username;
  state.shown = '';
  state.atEnd = true;
  setContext(null);
  view.dataset.view = open ? 'thread' : 'list';
  const query = new URLSearchParams({ contact: state.contact, account: state.account });
  history.replaceState(null, '', `/phone?${query}`);
  showDirectory();
  showTop();
  refresh();
}

function showDirectory() {
  $('contact').replaceChildren(...state.contacts.map((contact) =>
    element('option', { value: contact.username, selected: contact.username === state.contact }, contact.name)));
  $('accounts').replaceChildren(...state.accounts.map((account) => element('li', {}, element('button', {
    type: 'button',
    'aria-current': account.username === state.account ? 'true' : null,
    onclick: () => choose(state.contact, account.username, true),
  }, avatar(account), element('span', { class: 'who' },
    element('span', { class: 'name' }, account.name),
    element('span', { class: 'detail' }, `@${account.username}`)),
  account.connected ? element('span', { class: 'live' }, '● connected') : ''))));
}

function avatar(face) {
  return element('span', { class: `avatar hue-${face.hue}`, 'aria-hidden': 'true' }, face.initials);
}

function showTop() {
  const account = state.accounts.find((one) => one.username === state.account);
  if (!account) return;
  $('top-avatar').className = `avatar hue-${account.hue}`;
  $('top-avatar').textContent = account.initials;
  $('top-name').textContent = account.name;
  $('top-detail').textContent = `@${account.username}`;
}

// Conversation

async function refresh() {
  if (!state.account) return;
  const asked = `${state.contact}/${state.account}`;
  const query = new URLSearchParams({ contact: state.contact, account: state.account });
  let thread;
  try {
    thread = await load(`/phone/api/thread?${query}`);
  } catch {
    notice('The simulation does not answer. Is it still running?');
    return;
  }
  if (asked !== `${state.contact}/${state.account}`) return;
  const account = state.accounts.find((one) => one.username === state.account);
  if (account && account.connected !== thread.connected) {
    account.connected = thread.connected;
    showDirectory();
  }
  notice(thread.connected ? '' : 'No app listens to this account yet: messages stay on this phone.');
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

function emoji(reaction) {
  return { love: '❤️', like: '👍', laugh: '😂', wow: '😮', sad: '😢', angry: '😠' }[reaction] || reaction;
}

function content(message) {
  const parts = [];
  if (message.unsupported) parts.push(element('div', { class: 'bubble ghost' }, 'Something apps cannot show'));
  if (message.text) parts.push(element('div', { class: 'bubble' }, message.text));
  const legacyShare = message.attachments.some((one) => one.type === 'ig_post');
  for (const attachment of message.attachments) {
    if (!(legacyShare && attachment.type === 'share')) parts.push(showAttachment(attachment));
  }
  return parts;
}

function showAttachment({ type, payload = {} }) {
  const url = payload.url || payload.story_media_url;
  const safe = typeof url === 'string' && /^https?:\/\//.test(url);
  if (['image', 'story_mention', 'ig_story', 'share', 'ig_post', 'media', 'sticker'].includes(type) && safe) {
    return element('div', { class: 'bubble picture' }, element('img', { src: url, alt: describe(type, payload), loading: 'lazy' }));
  }
  if (type === 'audio' && safe) return element('div', { class: 'bubble picture' }, element('audio', { src: url, controls: true, 'aria-label': 'Voice message' }));
  if (type === 'template') return showTemplate(payload);
  if (type === 'ephemeral') return element('div', { class: 'bubble ghost' }, 'View-once photo');
  if (safe) return element('div', { class: 'bubble' }, element('a', { href: url, rel: 'noreferrer', target: '_blank' }, describe(type, payload)));
  return element('div', { class: 'bubble ghost' }, describe(type, payload));
}

function describe(type, payload) {
  const names = {
    image: 'Photo', video: 'Video', audio: 'Voice message', file: 'File', share: 'Shared post', ig_post: 'Shared post',
    ig_reel: 'Reel', reel: 'Reel', story_mention: 'Story mention', ig_story: 'Story',
    sticker: 'Sticker',
  };
  return payload.title || names[type] || 'Attachment';
}

function showTemplate(payload) {
  const cards = payload.generic?.elements || [];
  if (cards.length === 0) return element('div', { class: 'bubble ghost' }, 'Card');
  return element('div', { class: 'bubble' }, ...cards.flatMap((card) => [
    element('span', { class: 'title' }, card.title), card.subtitle ? element('span', {}, card.subtitle) : '',
    element('span', { class: 'choices-row' }, ...(card.buttons || []).map((button) => button.type === 'postback'
      ? element('button', { type: 'button', onclick: () => act({ kind: 'postback', title: button.title, payload: button.payload }) }, button.title)
      : element('span', {}, button.title))),
  ]));
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
  const button = (label, onclick) => line.append(element('button', { type: 'button', onclick }, label));
  const about = message.text || 'the attachment';
  if (message.mine) {
    if (message.text && !message.postback) button('Edit', () => setContext({ kind: 'edit', mid: message.mid, label: `Editing: ${about}`, text: message.text }));
    button('Unsend', () => act({ kind: 'unsend', mid: message.mid }));
  } else {
    button('Reply', () => setContext({ kind: 'text', mid: message.mid, label: `Replying to: ${about}`, text: '' }));
    if (message.my_reaction) button('Take back ❤️', () => act({ kind: 'unreact', mid: message.mid }));
    else button('❤️ React', () => act({ kind: 'reaction', mid: message.mid }));
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
  $('contact').addEventListener('change', (event) => choose(event.target.value, state.account, view.dataset.view === 'thread'));
  $('back').addEventListener('click', () => { view.dataset.view = 'list'; });
  $('seen').addEventListener('click', () => act({ kind: 'seen' }));
  const list = $('messages');
  list.addEventListener('scroll', () => { state.atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80; });
  // A picture takes its room only once it is there, and the list of extras takes room of the messages.
  list.addEventListener('load', () => state.atEnd && toEnd(), true);
  new ResizeObserver(() => state.atEnd && toEnd()).observe(list);
  $('more').addEventListener('click', () => toggleExtras($('extras').hidden));
  $('extras').append(...EXTRAS.map(([label, action]) => element('button', {
    type: 'button', onclick: () => { toggleExtras(false); act(action); },
  }, label)));
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
  choose(wanted.get('contact'), wanted.get('account'), wanted.has('account'));
  setInterval(refresh, POLL_MS);
}

start();
