import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slackBytes, TextBuffer, textPiece } from '../../src/core/text-buffer.js';

describe('a text buffer', () => {
  it('holds what was appended, however it has to grow', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 40 })), fc.boolean(), (texts, areWords) => {
        const buffer = new TextBuffer(3);
        for (const text of texts) {
          if (areWords) buffer.piece(textPiece(text));
          else buffer.text(text);
        }
        expect(buffer.toString()).toBe(Buffer.from(texts.join('')).toString());
        expect(buffer.bytes.length).toBeGreaterThanOrEqual(buffer.length + slackBytes - 8);
      }),
    );
  });

  it('gives its bytes away and goes on', () => {
    const buffer = new TextBuffer(16);
    buffer.text('first');
    const { bytes } = buffer;
    buffer.replace();
    buffer.text('second');
    expect(Buffer.from(bytes.subarray(0, 5)).toString()).toBe('first');
    expect(buffer.toString(1)).toBe('econd');
    buffer.replace(bytes);
    expect(buffer.length).toBe(0);
    expect(buffer.bytes).toBe(bytes);
  });
});
