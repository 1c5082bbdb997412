import { describe, expect, test } from 'vitest';
import { SecretMask } from '../../src/logs/secret-mask.ts';
import { plainText, readTerminalText } from '../../src/logs/terminal-text.ts';

const red = '\u001B[31m';
const reset = '\u001B[0m';

describe('text without control sequences', () => {
  test.each([
    ['plain text', 'naïve 漢字 \t tab', 'naïve 漢字 \t tab'],
    ['colors', `${red}INFO${reset} page`, 'INFO page'],
    ['movements and clearing', '\u001B[2K\u001B[1Gdone\u001B[?25h', 'done'],
    ['a window title', 'a\u001B]0;rm -rf /\u0007b', 'ab'],
    ['a link', '\u001B]8;;https://example.com\u001B\\text\u001B]8;;\u001B\\', 'text'],
    ['a device control string', 'a\u001BPq#0\u001B\\b', 'ab'],
    ['single-character introducers', 'a\u009B31mb\u009Dtitle\u009Cc', 'abc'],
    ['a character set', 'a\u001B(Bb', 'ab'],
    ['a string without an end, which hides nothing', 'a\u001B]0;reason', 'a0;reason'],
    ['a sequence without an end', 'a\u001B[31', 'a31'],
    ['a lone escape', 'a\u001B', 'a'],
    ['bells and backspaces', 'a\u0007b\bc', 'abc'],
    ['other control characters', 'a\u0085b', 'a\uFFFDb'],
    ['carriage returns', 'a\r\nb\rc', 'a\nb\nc'],
  ])('%s', (_, raw, text) => {
    expect(plainText(raw)).toBe(text);
  });

  test.each([
    ['titles', '\u001B]'],
    ['sequences', '\u001B[1;'],
    ['strings', '\u001BP\u009D'],
    ['colors', '\u001B[31m'],
  ])('many unfinished %s are read in linear time', (_, part) => {
    const raw = part.repeat(200_000);
    const begin = performance.now();
    expect(readTerminalText(raw).styles.length).toBeLessThanOrEqual(200);
    expect(performance.now() - begin).toBeLessThan(5000);
  });
});

describe('styles', () => {
  test('are ranges of the plain text', () => {
    const { text, styles } = readTerminalText(`${red}INFO${reset} \u001B[1;4;92mok\u001B[22;24m now`);
    expect({ text, styles }).toEqual({
      text: 'INFO ok now',
      styles: [
        { start: 0, end: 4, color: 'red' },
        { start: 5, end: 7, color: 'green', bold: true, underline: true },
        { start: 7, end: 11, color: 'green' },
      ],
    });
  });

  test.each([
    ['38;5;196', 'red'],
    ['38;5;8', 'gray'],
    ['38;5;21', 'blue'],
    ['38;5;255', 'white'],
    ['38;2;10;200;30', 'green'],
    ['38:2:250:240:10', 'yellow'],
    ['90', 'gray'],
    ['96', 'cyan'],
  ])('%s is shown as %s', (code, color) => {
    expect(readTerminalText(`\u001B[${code}mx`).styles).toEqual([{ start: 0, end: 1, color }]);
  });

  test.each(['38;5;999', '38', '999', '38;2'])('%s does no harm', (code) => {
    expect(readTerminalText(`\u001B[${code}mx`).text).toBe('x');
  });

  test('continue from line to line', () => {
    const { style } = readTerminalText(`${red}Traceback`);
    expect(readTerminalText('line', style).styles).toEqual([{ start: 0, end: 4, color: 'red' }]);
    expect(readTerminalText(`line${reset}`, style).style).toEqual({});
  });

  test('move with the text when secrets are masked', () => {
    const mask = new SecretMask([], ['0123456789abcdef']);
    const line = readTerminalText(`auth 01234${red}56789abcdef${reset} ${red}end${reset}`);
    const masked = mask.applyStyled(line);
    expect(masked.text).toBe('auth *** end');
    expect(masked.styles.map(({ start, end }) => masked.text.slice(start, end))).toEqual(['***', 'end']);
  });
});
