import { describe, expect, it } from "vitest";
import { stagesOf } from "../src/views/stages";
import { askEdges, askRows } from "../src/views/weights";
import { readSteps, type StepsFacts } from "../src/wire/attentionsteps";
import { Sections } from "../src/wire/sections";
import { ATTENTION_CASES, answersOf, attentionCase } from "./goldenattention";

const signal = new AbortController().signal;
const answers = ATTENTION_CASES.flatMap((name) =>
  answersOf(name).map((answer) => [name, answer.method, answer] as const),
);
const of = (method: string) => answers.filter(([, one]) => one === method);

interface Asked {
  rows: [number, number];
  columns: [number, number];
  most: number;
}

/** Asks for what was recorded, and is answered as Python answered it. */
function recorded([name, method, { params, result, payload }]: (typeof answers)[number]) {
  const part = attentionCase(name).reading.header.parts.find((one) => one.part === params.part);
  if (!part) throw new Error(`no part ${params.part}`);
  const ask = async (asked: string, given: object) => {
    expect([asked, given]).toEqual([method, params]);
    return { result: result as never, read: new Sections(result.sections, payload) };
  };
  return { ask, where: { part, layer: Number(params.layer), heads: params.heads as number[] } };
}

describe("what Python answers", () => {
  it.each(of("rows"))("%s: %s are the weights of its queries", async (...answer) => {
    const { ask, where } = recorded(answer);
    const { weights } = await askRows(ask, where, answer[2].params.queries as number[], signal);
    (answer[2].told as number[]).forEach((weight, at) => {
      expect(weights[at]).toBeCloseTo(weight, 5);
    });
  });

  it.each(of("edges"))("%s: %s are the strongest weights", async (...answer) => {
    const { ask, where } = recorded(answer);
    const { rows, columns, most } = answer[2].params as unknown as Asked;
    const found = await askEdges(ask, where, rows, columns, most, signal);
    (answer[2].told as number[][]).forEach(([head, query, key, weight], at) => {
      expect([found.head[at], found.query[at], found.key[at]]).toEqual([head, query, key]);
      expect(found.weight[at]).toBeCloseTo(weight ?? 0, 5);
    });
  });

  it.each(of("steps"))(
    "%s: %s lead from the products to the weights",
    (...[, , { result, payload, told }]) => {
      const facts = result as unknown as StepsFacts;
      const steps = readSteps(facts, new Sections(result.sections, payload));
      expect(steps.keys.length).toBe(told.length);
      (told as number[]).forEach((weight, at) => {
        const stages = stagesOf(steps, at);
        expect(stages.weight).toBeCloseTo(weight, 5);
        expect(Math.exp(stages.score - (facts.log_sum ?? 0))).toBeCloseTo(weight, 5);
        if (!stages.masked) expect(stages.scaled + (stages.bias ?? 0)).toBeCloseTo(stages.score, 4);
      });
    },
  );
});
