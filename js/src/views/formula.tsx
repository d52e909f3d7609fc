// The formulas of attention, in the browser's own notation for mathematics: no library, and read aloud as formulas.
import type { ComponentChildren } from "preact";
import type { Steps } from "../wire/attentionsteps";
import { isByRoot } from "./stages";

/** How a weight comes about, with the stages that this model has. */
export function WeightFormula({ steps }: { steps: Steps }) {
  const { softcap, sink, dims, masked_keys } = steps.facts;
  const scaled = isByRoot(steps) ? (
    <mfrac>
      <Product />
      <msqrt>
        <mn>{dims}</mn>
      </msqrt>
    </mfrac>
  ) : (
    <mrow>
      <mn>{Number(steps.facts.scaling.toPrecision(4))}</mn>
      <mo>·</mo>
      <mrow>
        <mo>(</mo>
        <Product />
        <mo>)</mo>
      </mrow>
    </mrow>
  );
  return (
    <math class="nbt-formula">
      <Sub base="α" index="k" />
      <mo>=</mo>
      <msub>
        <mi>softmax</mi>
        <mi>k</mi>
      </msub>
      <mrow>
        <mo>(</mo>
        {softcap === null ? (
          scaled
        ) : (
          <mrow>
            <mn>{softcap}</mn>
            <mo>·</mo>
            <mi>tanh</mi>
            <mo>(</mo>
            <mfrac>
              {scaled}
              <mn>{softcap}</mn>
            </mfrac>
            <mo>)</mo>
          </mrow>
        )}
        {steps.bias && <Added what="bias" />}
        {masked_keys > 0 && <Added what="mask" />}
        {sink !== null && (
          <mrow>
            <mo>;</mo>
            <mi>sink</mi>
          </mrow>
        )}
        <mo>)</mo>
      </mrow>
    </math>
  );
}

/** What becomes of the weights. */
export function OutputFormula({ head, heads }: { head: number; heads: number }) {
  return (
    <math class="nbt-formula">
      <Sub base="o" index={String(head)} />
      <mo>=</mo>
      <munder>
        <mo>∑</mo>
        <mi>k</mi>
      </munder>
      <Sub base="α" index="k" />
      <Sub base="v" index="k" />
      <mo>,</mo>
      <mspace width="1.2em" />
      <mi>y</mi>
      <mo>=</mo>
      <mrow>
        <mo>[</mo>
        <Sub base="o" index="0" />
        {heads > 1 && (
          <>
            <mo>,</mo>
            <mo>…</mo>
            <mo>,</mo>
            <Sub base="o" index={String(heads - 1)} />
          </>
        )}
        <mo>]</mo>
      </mrow>
      <msub>
        <mi>W</mi>
        <mi>O</mi>
      </msub>
    </math>
  );
}

function Product() {
  return (
    <mrow>
      <mi>q</mi>
      <mo>·</mo>
      <Sub base="k" index="k" />
    </mrow>
  );
}

function Added({ what }: { what: string }) {
  return (
    <mrow>
      <mo>+</mo>
      <Sub base={what} index="k" />
    </mrow>
  );
}

function Sub({ base, index }: { base: ComponentChildren; index: string }) {
  return (
    <msub>
      <mi>{base}</mi>
      {/^\d+$/.test(index) ? <mn>{index}</mn> : <mi>{index}</mi>}
    </msub>
  );
}
