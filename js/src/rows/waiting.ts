// How long the kernel has kept us waiting: a short wait deserves no word, a long one an explanation.
import { SILENT_KERNEL } from "../channel";

const SOON_MS = 1_500;
const LONG_MS = 30_000;

export class Waiting {
  readonly #changed: () => void;
  #timers: ReturnType<typeof setTimeout>[] = [];
  #message: string | null = null;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** What to tell, null while there is nothing to tell. */
  get message(): string | null {
    return this.#message;
  }

  /** The wait begins, unless it has already. */
  begin(): void {
    if (this.#timers.length > 0) return;
    const say = (message: string) => () => {
      this.#message = message;
      this.#changed();
    };
    this.#timers = [
      setTimeout(say("Waiting for the kernel…"), SOON_MS),
      setTimeout(say(`${SILENT_KERNEL} Rows appear when it is free.`), LONG_MS),
    ];
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
    this.#message = null;
  }
}
