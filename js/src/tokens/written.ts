// A text that came token by token, as it is drawn: tokens that share a character stand together.
import { CodePoints } from "./codepoints";

/** Some tokens over their text. Those without one, such as the end of the text, stand alone. */
export interface Written {
  first: number;
  count: number;
  text: string;
  /** Of the token that the model held for the least likely. */
  probability: number;
}

/**
 * The tokens of a text, given what each adds to it. The first bytes of a character add nothing: they belong to the
 * token that completes it; and what one reads as one character, such as 👩‍👧 or "é" written as two, is not parted.
 */
export function writtenOf(pieces: readonly string[], probabilities: ArrayLike<number>): Written[] {
  const text = new CodePoints(pieces.join(""));
  const found: Written[] = [];
  let open: Written | null = null;
  let at = 0;
  pieces.forEach((piece, token) => {
    const probability = probabilities[token] ?? Number.NaN;
    if (open && (open.text === "" || !text.isBoundary(at))) {
      open.count += 1;
      open.text += piece;
      open.probability = Math.min(open.probability, probability);
    } else {
      open = { first: token, count: 1, text: piece, probability };
      found.push(open);
    }
    at += [...piece].length;
  });
  return found.flatMap((group) => (group.text === "" ? alone(group, probabilities) : [group]));
}

/** Tokens at the end that add no text: none of them has to do with another. */
function alone({ first, count }: Written, probabilities: ArrayLike<number>): Written[] {
  return Array.from({ length: count }, (_, at) => ({
    first: first + at,
    count: 1,
    text: "",
    probability: probabilities[first + at] ?? Number.NaN,
  }));
}
