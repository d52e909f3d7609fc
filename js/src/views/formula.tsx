// The formulas of attention, in the browser's own notation for mathematics: no library, and read aloud as formulas.
import type { Steps } from "../wire/attentionsteps";
import { isByRoot, isScaled } from "./stages";

/** How a weight comes about, from the query i to the key j, with the stages that this model has. */
export function WeightFormula({ steps }: { steps: Steps }) {
  const { softcap, sink, masked_keys } = steps.facts;
  const scaled = <Scaled steps={steps} />;
  return (
    <math class="nbt-formula" displaystyle={true}>
      <Sub base="α" index="ij" />
      <mo>=</mo>
      <msub>
        <mi>softmax</mi>
        <mi>j</mi>
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
        {steps.bias && <Added what="bias" index="ij" />}
        {masked_keys > 0 && <Added what="mask" index="ij" />}
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
    <math class="nbt-formula" displaystyle={true}>
      <Head head={head} />
      <mo>=</mo>
      <munder>
        <mo>∑</mo>
        <mi>j</mi>
      </munder>
      <Sub base="α" index="ij" />
      <Sub base="v" index="j" />
      <mo>,</mo>
      <mspace width="1.2em" />
      <Sub base="y" index="i" />
      <mo>=</mo>
      <mrow>
        <mo>[</mo>
        <Head head={0} />
        {heads > 1 && (
          <>
            <mo>,</mo>
            <mo>…</mo>
            <mo>,</mo>
            <Head head={heads - 1} />
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

function Scaled({ steps }: { steps: Steps }) {
  const { scaling, dims } = steps.facts;
  if (!isScaled(steps)) return <Product />;
  if (isByRoot(steps))
    return (
      <mfrac>
        <Product />
        <msqrt>
          <mn>{dims}</mn>
        </msqrt>
      </mfrac>
    );
  return (
    <mrow>
      <mn>{Number(scaling.toPrecision(4))}</mn>
      <mo>·</mo>
      <mo>(</mo>
      <Product />
      <mo>)</mo>
    </mrow>
  );
}

function Product() {
  return (
    <mrow>
      <Sub base="q" index="i" />
      <mo>·</mo>
      <Sub base="k" index="j" />
    </mrow>
  );
}

function Added({ what, index }: { what: string; index: string }) {
  return (
    <mrow>
      <mo>+</mo>
      <Sub base={what} index={index} />
    </mrow>
  );
}

/** What a head gives for the query. */
function Head({ head }: { head: number }) {
  return (
    <msubsup>
      <mi>o</mi>
      <mi>i</mi>
      <mrow>
        <mo>(</mo>
        <mn>{head}</mn>
        <mo>)</mo>
      </mrow>
    </msubsup>
  );
}

function Sub({ base, index }: { base: string; index: string }) {
  return (
    <msub>
      <mi>{base}</mi>
      <mrow>
        {[...index].map((letter) => (
          <mi key={letter}>{letter}</mi>
        ))}
      </mrow>
    </msub>
  );
}
