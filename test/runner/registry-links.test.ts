/** Links in the responses of registries, parts of which come from strangers. */
import { describe, expect, test } from 'vitest';
import { replaceAnchors, replaceTarballs } from '../../src/runner/dependencies/registry-links.ts';

const page = new URL('https://index.example/simple/six/');

/** Marks each replaced link. */
function hrefsOf(html: string): string[] {
  const hrefs: string[] = [];
  replaceAnchors(html, page, (url) => {
    hrefs.push(url.href);
    return undefined;
  });
  return hrefs;
}

describe('anchors of a page', () => {
  test('have their links replaced, and the rest of the page stays unchanged', () => {
    const html = `<!DOCTYPE html><html><body>\n<a class=x href="/six-1.whl#sha256=0&amp;x" data-requires-python="&gt;=3">six</a>
<A\n\tHREF = 'six-2.whl' >six</A><abbr href="no">a</abbr><a name="href">b</a> <a href=six-3.whl>c</a></body></html>`;
    const local = replaceAnchors(html, page, (url) => `http://local/"${url.pathname}&`);
    expect(local)
      .toBe(`<!DOCTYPE html><html><body>\n<a class=x href="http://local/&quot;/six-1.whl&amp;" data-requires-python="&gt;=3">six</a>
<A\n\tHREF = "http://local/&quot;/simple/six/six-2.whl&amp;" >six</A><abbr href="no">a</abbr><a name="href">b</a> <a href="http://local/&quot;/simple/six/six-3.whl&amp;">c</a></body></html>`);
  });

  test('are resolved against the base of the page', () => {
    expect(hrefsOf('<base href="/files/"><a href="six.whl">')).toEqual([
      'https://index.example/files/six.whl',
    ]);
    expect(hrefsOf('<base href="http://["><a href="six.whl">')).toEqual([`${page.href}six.whl`]);
  });

  test('stay if they are not URLs or not anchors', () => {
    expect(hrefsOf('<a href="http://["><a><a href><a nohref="x"><ahref="x"><a x="href=y">')).toEqual([]);
    expect(hrefsOf('<a title=">" href="x" href="y">')).toEqual([`${page.href}x`]);
  });

  test.each([
    '<a ',
    '<a href',
    '<a href=',
    '<a\thref ="',
    "<a href='",
    '<base href="',
    '<a "',
    '< ',
    '<a =',
    '<base ',
    '/',
  ])('are found in linear time in a page that repeats %j', (part) => {
    const count = Math.ceil(2_000_000 / part.length);
    for (const html of [part.repeat(count), `<a ${part.repeat(count)}`, `<a href=${' '.repeat(2_000_000)}`])
      expect(hrefsOf(html).length).toBeLessThan(2);
  });
});

describe('tarballs of a document', () => {
  test('have their links replaced, and the rest of the document stays unchanged', () => {
    const text = String.raw`{"x":"\"tarball\":\"https://no.example/\"","dist":{"tarball" : "https:\/\/npm.example\/a.tgz","y":1},"tarball":null}`;
    expect(replaceTarballs(text, ({ href }) => `http://local/${href.length}`)).toBe(
      String.raw`{"x":"\"tarball\":\"https://no.example/\"","dist":{"tarball" : "http://local/25","y":1},"tarball":null}`,
    );
  });

  test('stay if they are not URLs', () => {
    for (const text of [
      '"tarball":"a.tgz"',
      String.raw`"tarball":"\x"`,
      '"tarball":"https://x.example',
      '"tarball"',
    ])
      expect(replaceTarballs(text, () => 'no')).toBe(text);
  });

  test('may have links of any length', () => {
    const text = `"tarball":"https://x.example/${'a'.repeat(20_000_000)}"`;
    expect(replaceTarballs(text, () => 'b')).toBe('"tarball":"b"');
  });

  test.each(['"tarball"', '"tarball":', '"tarball":"', '"tarball": ', String.raw`"tarball":"\\`, '"'])(
    'are found in linear time in a document that repeats %j',
    (part) => {
      const text = part.repeat(Math.ceil(2_000_000 / part.length));
      for (const document of [text, `"tarball":"${text}`, `"tarball"${' '.repeat(2_000_000)}`])
        expect(replaceTarballs(document, () => 'no')).toBe(document);
    },
  );
});
