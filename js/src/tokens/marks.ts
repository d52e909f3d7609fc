// Characters that leave nothing on the screen, and the mark that stands for each.

/** A run of text as it is, or one character with its mark. */
export type Run = string | { text: string; mark: string };

// Not the joiners of an emoji or of Persian: to part a text at them would change how it is written.
const UNSEEN = /\r\n|[\p{Cc}\p{Z}\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/** A text parted at what cannot be seen. */
export function runsOf(text: string): Run[] {
  const runs: Run[] = [];
  let from = 0;
  for (const found of text.matchAll(UNSEEN)) {
    if (found.index > from) runs.push(text.slice(from, found.index));
    runs.push({ text: found[0], mark: markOf(found[0]) });
    from = found.index + found[0].length;
  }
  if (from < text.length) runs.push(text.slice(from));
  return runs;
}

/** A token as the tokenizer writes it, on one line, nothing unseen. */
export function visible(piece: string): string {
  return runsOf(piece)
    .map((run) => (typeof run === "string" ? run : run.mark))
    .join("");
}

function markOf(text: string): string {
  switch (text) {
    case " ":
      return "·";
    case "\t":
      return "⇥";
    case "\n":
    case "\r\n":
    case "\u2028":
    case "\u2029":
      return "↵";
    case "\u00a0":
    case "\u202f":
      return "⍽";
    case "\u3000":
      return "□";
    case "\u007f":
      return "␡";
  }
  const code = text.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return /\p{Zs}/u.test(text) ? "·" : "¦";
}
