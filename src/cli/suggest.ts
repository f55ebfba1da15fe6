/** Which of several words was probably meant, by edit distance with neighbours swapped (Damerau and Levenshtein). */

/** The nearest of the words, where it is near enough to have been meant; else null. */
export function nearest(word: string, words: readonly string[]): string | null {
  const [best] = words
    .map((candidate) => ({ candidate, edits: distance(word, candidate) }))
    .filter(({ candidate, edits }) => edits * 3 <= Math.max(word.length, candidate.length))
    .sort((a, b) => a.edits - b.edits);
  return best?.candidate ?? null;
}

/** Letters to put in, leave out, replace or swap with the next. */
function distance(from: string, to: string): number {
  let older: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1];
      let edits = Math.min((row[j - 1] as number) + 1, (above[j] as number) + 1, (above[j - 1] as number) + +!isSame);
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (isSwapped) edits = Math.min(edits, (older[j - 2] as number) + 1);
      row.push(edits);
    }
    older = above;
    above = row;
  }
  return above[to.length] as number;
}
