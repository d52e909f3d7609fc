// What else might have stood in a token's place, on a card beside it.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Channel, isAbort, messageOf } from "../channel";
import { formatCount } from "../text";
import { visible } from "../tokens/marks";
import { ScoreBar } from "./bars";
import { floatBeside } from "./card";
import { CloseIcon } from "./icons";

export interface Alternative {
  id: number;
  text: string;
  probability: number;
  /** It is the one that stands there. */
  chosen: boolean;
}

interface AlternativesProps {
  position: number;
  token: number;
  tokens: number;
  channel: Channel;
  anchor(): Element | null;
  /** None where the kernel cannot go on from another token. */
  onChoose: ((id: number) => void) | null;
  onMove(token: number): void;
  onClose(): void;
}

export function Alternatives(props: AlternativesProps) {
  const { position, token, tokens, channel, anchor, onChoose, onMove, onClose } = props;
  const card = useRef<HTMLDivElement>(null);
  const [answer, setAnswer] = useState<{ token: number; found: Alternative[]; failure?: string } | null>(
    null,
  );
  useEffect(() => {
    const controller = new AbortController();
    channel.request<Alternative[]>("alternatives", { position, token }, controller).then(
      ({ result: found }) => setAnswer({ token, found }),
      (error) => isAbort(error) || setAnswer({ token, found: [], failure: messageOf(error) }),
    );
    return () => controller.abort();
  }, [channel, position, token]);
  const current = answer?.token === token ? answer : null;
  useLayoutEffect(() => floatBeside(card.current, anchor, false), [token, current]);
  const steps: [string, string, number][] = [
    ["‹", "The token before", token - 1],
    ["›", "The next token", token + 1],
  ];
  return (
    <div
      ref={card}
      class="nbt-card nbt-card-pinned nbt-alternatives"
      role="dialog"
      aria-label="Alternatives"
      popover="manual"
    >
      <div class="nbt-card-head">
        <span class="nbt-card-place">
          {steps.map(([sign, label, to]) => (
            <button
              key={sign}
              type="button"
              class="nbt-icon-button"
              aria-label={label}
              disabled={to < 0 || to >= tokens}
              onClick={() => onMove(to)}
            >
              {sign}
            </button>
          ))}
          token {formatCount(token + 1)} of {formatCount(tokens)}
        </span>
        <button type="button" class="nbt-icon-button" aria-label="Close" onClick={onClose}>
          <CloseIcon />
        </button>
      </div>
      {current?.failure ?? (current ? "" : "Asking the kernel…")}
      <ul>
        {current?.found.map(({ id, text, probability, chosen }) => (
          <li key={id}>
            <button
              type="button"
              aria-pressed={chosen}
              disabled={chosen || !onChoose}
              title={chosen ? "This token stands here" : onChoose ? "Go on from this token" : undefined}
              onClick={() => onChoose?.(id)}
            >
              <bdi>{visible(text)}</bdi>
              <ScoreBar score={probability} colour={chosen ? "amber" : "blue"} />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
