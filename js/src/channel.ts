// Questions to the kernel: each is answered on its id, with a value or an error, and can be cancelled.
//
// The kernel answers all that it was sent, one by one, also what nobody waits for any more. While it is at work with
// several of those, others wait here for their turn; what is cancelled before that is never sent.
import { type Host, LOST, type MessageListener } from "./host";

export const SILENT_KERNEL = "The kernel has not answered: it may be busy with another cell.";

export interface RequestOptions {
  signal?: AbortSignal;
  /** Infinity waits for as long as the page lives. */
  timeoutMs?: number;
  /** It waits for no turn: what is to be done, not looked at. */
  atOnce?: boolean;
}

export interface Reply<T> {
  result: T;
  buffers: DataView[];
}

/** The kernel answered, and the answer is one line that says what went wrong. */
export class ReplyError extends Error {
  override name = "ReplyError";
}

/** Nobody answered in time. */
export class TimeoutError extends Error {
  override name = "TimeoutError";
}

/** While the kernel has so many questions to answer that nobody waits for, it is sent no other. */
const MOST_LEFT = 2;
/** An answer may be lost: the others wait no longer than this for it. */
const LOST_MS = 30_000;

interface Question {
  id: string;
  method: string;
  params: object;
}

interface Pending {
  resolve(reply: Reply<unknown>): void;
  reject(error: unknown): void;
}

interface ReplyMessage {
  type: "reply";
  id: string;
  ok: boolean;
  result?: unknown;
  error?: unknown;
}

export class Channel {
  readonly #host: Host;
  readonly #pending = new Map<string, Pending>();
  /** Those that wait for their turn. */
  #queue: Question[] = [];
  /** Those that were sent, have no answer, and nobody waits for: forgotten when the timer rings. */
  readonly #left = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #listeners = new Set<MessageListener>();
  readonly #stop: () => void;
  /** Several pages may talk to one kernel model, so an id must be unique beyond this page. */
  readonly #prefix = randomName();
  #count = 0;

  constructor(host: Host) {
    this.#host = host;
    this.#stop = host.onMessage((content, buffers) => this.#receive(content, buffers));
  }

  /** Requests that have no answer yet. */
  get waiting(): number {
    return this.#pending.size;
  }

  request<T>(method: string, params: object, options: RequestOptions = {}): Promise<Reply<T>> {
    const { signal, timeoutMs = 30_000, atOnce = false } = options;
    this.#count += 1;
    const id = `${this.#prefix}-${this.#count}`;
    return new Promise<Reply<T>>((resolve, reject) => {
      if (signal?.aborted) {
        reject(abortError());
        return;
      }
      if (this.#host.isLost) {
        reject(new Error(LOST));
        return;
      }
      const abandon = (error: Error) => {
        const others = this.#queue.filter((question) => question.id !== id);
        const isSent = others.length === this.#queue.length;
        this.#queue = others;
        this.#settle(id)?.reject(error);
        if (isSent) this.#leave(id);
      };
      const onAbort = () => abandon(abortError());
      const timer = Number.isFinite(timeoutMs)
        ? setTimeout(() => abandon(new TimeoutError(SILENT_KERNEL)), timeoutMs)
        : undefined;
      const release = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      };
      signal?.addEventListener("abort", onAbort);
      this.#pending.set(id, {
        resolve: (reply) => {
          release();
          resolve(reply as Reply<T>);
        },
        reject: (error) => {
          release();
          reject(error);
        },
      });
      const question = { id, method, params };
      if (atOnce) this.#send(question);
      else {
        this.#queue.push(question);
        this.#sendNext();
      }
    });
  }

  /** Hear what the kernel tells unasked; returns the way to stop. */
  listen(listener: MessageListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Stop listening; whoever still waits is told so. */
  dispose(): void {
    this.#stop();
    this.#queue = [];
    for (const timer of this.#left.values()) clearTimeout(timer);
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(abortError());
  }

  #sendNext(): void {
    while (this.#left.size < MOST_LEFT) {
      const question = this.#queue.shift();
      if (!question) return;
      this.#send(question);
    }
  }

  #send(question: Question): void {
    try {
      this.#host.send({ type: "request", ...question });
    } catch (error) {
      this.#settle(question.id)?.reject(error);
    }
  }

  /** Nobody waits for the answer any more. To say so is a courtesy: when the kernel is gone there is nothing to cancel. */
  #leave(id: string): void {
    this.#left.set(
      id,
      setTimeout(() => this.#isOver(id), LOST_MS),
    );
    try {
      this.#host.send({ type: "cancel", id });
    } catch {
      // The comm is closed.
    }
  }

  /** What nobody waited for is answered, or will not be. */
  #isOver(id: string): void {
    clearTimeout(this.#left.get(id));
    if (this.#left.delete(id)) this.#sendNext();
  }

  #settle(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  /** A reply to an id that is unknown here is stale, or another page's: it is ignored. */
  #receive(content: unknown, buffers: DataView[]): void {
    if (!isReply(content)) {
      for (const listener of [...this.#listeners]) listener(content, buffers);
      return;
    }
    const pending = this.#settle(content.id);
    if (pending && content.ok) pending.resolve({ result: content.result, buffers });
    else pending?.reject(new ReplyError(String(content.error ?? "The request failed.")));
    this.#isOver(content.id);
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

/** What to say of something that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function abortError(): Error {
  const error = new Error("The request was cancelled.");
  error.name = "AbortError";
  return error;
}

function isReply(content: unknown): content is ReplyMessage {
  if (typeof content !== "object" || content === null) return false;
  const { type, id } = content as Partial<ReplyMessage>;
  return type === "reply" && typeof id === "string";
}

/** Not `crypto.randomUUID`: a notebook served over plain http has none. */
function randomName(): string {
  return Math.random().toString(36).slice(2, 10);
}
