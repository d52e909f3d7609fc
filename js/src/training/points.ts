// The points of one curve, added to as they come: typed arrays that grow, so that a million are eight megabytes.
import { firstFrom } from "../sorted";

const ROOM = 1_024;
const NONE = new Uint32Array(0);
const NO_VALUES = new Float32Array(0);

export class Points {
  #steps: Uint32Array;
  #values: Float32Array;
  #length = 0;
  /** How many points the run has; more than are here where Python thinned them. */
  total = 0;

  constructor(steps: Uint32Array = NONE, values: Float32Array = NO_VALUES, total = steps.length) {
    this.#steps = new Uint32Array(Math.max(ROOM, steps.length));
    this.#values = new Float32Array(this.#steps.length);
    this.#append(steps, values);
    this.total = total;
  }

  get length(): number {
    return this.#length;
  }

  /** All points of the run are here. */
  get isWhole(): boolean {
    return this.#length === this.total;
  }

  get steps(): Uint32Array {
    return this.#steps.subarray(0, this.#length);
  }

  get values(): Float32Array {
    return this.#values.subarray(0, this.#length);
  }

  /** Points whose first is the run's number `from`; those that are here already are passed over. False after a gap. */
  add(from: number, steps: Uint32Array, values: Float32Array): boolean {
    if (from > this.total) return false;
    const known = this.total - from;
    if (known >= steps.length) return true;
    this.#append(steps.subarray(known), values.subarray(known));
    this.total = from + steps.length;
    return true;
  }

  /** The number of the first point at this step or behind it. */
  find(step: number): number {
    return firstFrom(this.steps, step);
  }

  #append(steps: Uint32Array, values: Float32Array): void {
    const length = this.#length + steps.length;
    if (length > this.#steps.length) {
      const room = Math.max(length, 2 * this.#steps.length);
      const [grownSteps, grownValues] = [new Uint32Array(room), new Float32Array(room)];
      grownSteps.set(this.steps);
      grownValues.set(this.values);
      [this.#steps, this.#values] = [grownSteps, grownValues];
    }
    this.#steps.set(steps, this.#length);
    this.#values.set(values, this.#length);
    this.#length = length;
  }
}
