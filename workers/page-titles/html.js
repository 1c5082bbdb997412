'use strict';

const { Parser } = require('htmlparser2');

/** Browsers look for a declared character set in this many bytes of a page. */
const sniffedBytes = 1024;

function declaredCharset(body, contentType) {
  if (body[0] === 0xff && body[1] === 0xfe) return 'utf-16le';
  if (body[0] === 0xfe && body[1] === 0xff) return 'utf-16be';
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) return 'utf-8';
  const inHeader = /charset\s*=\s*"?([^\s";]+)/i.exec(contentType);
  if (inHeader) return inHeader[1];
  const inPage = /<meta[^<>]{1,500}?charset\s{0,9}=\s{0,9}["']?\s{0,9}([^\s"'/>;]+)/i.exec(
    body.toString('latin1', 0, sniffedBytes),
  );
  return inPage?.[1] ?? 'utf-8';
}

/**
 * Decodes a page with the character set it declares: byte order mark first, then the header, then the page itself.
 * @param {Buffer} body
 * @param {string} contentType the header; empty if there is none
 */
function decodeHtml(body, contentType) {
  try {
    return new TextDecoder(declaredCharset(body, contentType)).decode(body);
  } catch {
    // Unknown character set: most pages are UTF-8.
    return new TextDecoder().decode(body);
  }
}

function oneLine(text) {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/**
 * @param {string} html may be cut off anywhere
 * @returns {{title: string, description: string}} both on one line, empty if the page has none
 */
function readTitleAndDescription(html) {
  let title;
  let insideTitle = false;
  let drawingDepth = 0;
  const descriptions = {};
  const parser = new Parser({
    onopentag(name, attributes) {
      if (name === 'svg') drawingDepth += 1;
      // SVG drawings have their own titles.
      if (name === 'title' && title === undefined && drawingDepth === 0) {
        title = '';
        insideTitle = true;
      }
      if (name === 'meta')
        descriptions[(attributes.name ?? attributes.property ?? '').toLowerCase()] ??= attributes.content;
    },
    ontext(text) {
      if (insideTitle) title += text;
    },
    onclosetag(name) {
      if (name === 'svg') drawingDepth -= 1;
      if (name === 'title') insideTitle = false;
    },
  });
  parser.end(html);
  return {
    title: oneLine(title ?? ''),
    description: oneLine(descriptions.description ?? descriptions['og:description'] ?? ''),
  };
}

module.exports = { decodeHtml, readTitleAndDescription };
