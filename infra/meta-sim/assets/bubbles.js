// What a message looks like on the phone. The phone's own script comes after this one.
'use strict';

const THUMB = 369239263222822;

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'onclick') node.addEventListener('click', value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return node;
}

function emoji(reaction) {
  return { love: '❤️', like: '👍', dislike: '👎', laugh: '😂', smile: '😆', wow: '😮', sad: '😢', angry: '😠' }[reaction] || reaction;
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

function showAttachment(attachment) {
  const { type } = attachment;
  // What a Page shares has title and address beside the payload, which is nothing then.
  const payload = { title: attachment.title, url: attachment.url, ...attachment.payload };
  const url = payload.url || payload.story_media_url;
  const safe = typeof url === 'string' && /^https?:\/\//.test(url);
  if (type === 'sticker' && (!safe || Number(payload.sticker_id) === THUMB)) {
    return element('div', { class: 'bubble thumb', role: 'img', 'aria-label': 'Thumbs up' }, '👍');
  }
  if (['image', 'story_mention', 'ig_story', 'share', 'ig_post', 'media', 'sticker', 'post'].includes(type) && safe) {
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
    sticker: 'Sticker', post: 'Shared post', fallback: 'Link', location: 'Location', appointment_booking: 'Appointment',
  };
  return payload.title || names[type] || 'Attachment';
}

function showTemplate(payload) {
  const cards = payload.generic?.elements || payload.elements || (payload.text ? [{ ...payload, title: payload.text }] : []);
  if (cards.length === 0) return element('div', { class: 'bubble ghost' }, 'Card');
  return element('div', { class: 'bubble' }, ...cards.flatMap((card) => [
    element('span', { class: 'title' }, card.title || 'Picture'), card.subtitle ? element('span', {}, card.subtitle) : '',
    element('span', { class: 'choices-row' }, ...(card.buttons || []).map((button) => button.type === 'postback'
      ? element('button', { type: 'button', onclick: () => act({ kind: 'postback', title: button.title, payload: button.payload }) }, button.title)
      : element('span', {}, button.title))),
  ]));
}
