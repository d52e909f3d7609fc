// A canvas that writes down as SVG what is drawn on it: so much of one as the pictures of the panels need.
import { escaped } from "./svg";

/** What a picture that is saved is drawn with: a canvas, or this. */
export type Pen = Pick<
  CanvasRenderingContext2D,
  | "save"
  | "restore"
  | "beginPath"
  | "rect"
  | "moveTo"
  | "lineTo"
  | "clip"
  | "fill"
  | "stroke"
  | "fillRect"
  | "strokeRect"
  | "fillText"
  | "measureText"
  | "translate"
  | "rotate"
  | "globalAlpha"
  | "fillStyle"
  | "strokeStyle"
  | "lineWidth"
  | "textAlign"
  | "textBaseline"
  | "direction"
  | "imageSmoothingEnabled"
  | "imageSmoothingQuality"
> & {
  drawImage(image: HTMLCanvasElement, x: number, y: number, width: number, height: number): void;
  drawImage(image: HTMLCanvasElement, ...fromAndTo: FromAndTo): void;
};

type Box = [x: number, y: number, width: number, height: number];
type FromAndTo = [...from: Box, ...to: Box];

interface State {
  globalAlpha: number;
  fillStyle: CanvasRenderingContext2D["fillStyle"];
  strokeStyle: CanvasRenderingContext2D["strokeStyle"];
  lineWidth: number;
  textAlign: CanvasTextAlign;
  textBaseline: CanvasTextBaseline;
  direction: CanvasDirection;
  imageSmoothingEnabled: boolean;
  imageSmoothingQuality: ImageSmoothingQuality;
  transform: string;
  /** Groups that `restore` ends. */
  groups: number;
}

const START: State = {
  globalAlpha: 1,
  fillStyle: "#000",
  strokeStyle: "#000",
  lineWidth: 1,
  textAlign: "start",
  textBaseline: "alphabetic",
  direction: "ltr",
  imageSmoothingEnabled: true,
  imageSmoothingQuality: "low",
  transform: "",
  groups: 0,
};

export class SvgPen implements Pen, State {
  declare globalAlpha: number;
  declare fillStyle: State["fillStyle"];
  declare strokeStyle: State["strokeStyle"];
  declare lineWidth: number;
  declare textAlign: CanvasTextAlign;
  declare textBaseline: CanvasTextBaseline;
  declare direction: CanvasDirection;
  declare imageSmoothingEnabled: boolean;
  declare imageSmoothingQuality: ImageSmoothingQuality;
  declare transform: string;
  declare groups: number;
  readonly #measure: (text: string) => TextMetrics;
  readonly #name: string;
  readonly #states: State[] = [];
  readonly #elements: string[] = [];
  #path = "";

  /** `name` tells its clips from those of other pens of one file; `measure` is a canvas's. */
  constructor(name: string, measure: (text: string) => TextMetrics) {
    Object.assign(this, START);
    this.#name = name;
    this.#measure = measure;
  }

  /** What was drawn, as elements. */
  get elements(): string {
    return this.#elements.join("\n");
  }

  save(): void {
    const state = {} as Record<string, unknown>;
    for (const name of Object.keys(START)) state[name] = this[name as keyof State];
    this.#states.push(state as unknown as State);
    this.groups = 0;
  }

  restore(): void {
    this.#elements.push("</g>".repeat(this.groups));
    Object.assign(this, this.#states.pop());
  }

  translate(x: number, y: number): void {
    this.transform += `translate(${round(x)} ${round(y)})`;
  }

  rotate(angle: number): void {
    this.transform += `rotate(${round((angle * 180) / Math.PI)})`;
  }

  beginPath(): void {
    this.#path = "";
  }

  moveTo(x: number, y: number): void {
    this.#path += `M${round(x)} ${round(y)}`;
  }

  lineTo(x: number, y: number): void {
    this.#path += `L${round(x)} ${round(y)}`;
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.#path += `M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${round(-width)}Z`;
  }

  clip(): void {
    const id = `${this.#name}-${this.#elements.length}`;
    this.#elements.push(`<clipPath id="${id}"><path d="${this.#path}"/></clipPath>`);
    this.#elements.push(`<g clip-path="url(#${id})">`);
    this.groups += 1;
  }

  fill(): void {
    this.#add("path", `d="${this.#path}"`, this.#filled());
  }

  stroke(): void {
    this.#add("path", `d="${this.#path}"`, this.#stroked());
  }

  fillRect(...box: Box): void {
    this.#add("rect", boxed(box), this.#filled());
  }

  strokeRect(...box: Box): void {
    this.#add("rect", boxed(box), this.#stroked());
  }

  fillText(text: string, x: number, y: number): void {
    const { textAlign, direction } = this;
    // With the direction of a text its start and its end change sides.
    const sides = direction === "rtl" ? { left: "end", right: "start" } : { left: "start", right: "end" };
    const anchor =
      textAlign === "center"
        ? "middle"
        : textAlign === "left" || textAlign === "right"
          ? sides[textAlign]
          : textAlign;
    const down = this.textBaseline === "middle" ? ' dy="0.35em"' : "";
    const place = `x="${round(x)}" y="${round(y)}"${down} text-anchor="${anchor}" direction="${direction}"`;
    this.#add("text", place, this.#filled(), escaped(text));
  }

  measureText(text: string): TextMetrics {
    return this.#measure(text);
  }

  drawImage(image: HTMLCanvasElement, ...at: Box | FromAndTo): void {
    const to = at.slice(-4) as Box;
    const cut = at.length === 8 ? cutOut(image, at.slice(0, 4) as Box) : image;
    const how = this.imageSmoothingEnabled ? "auto" : "pixelated";
    const drawn = `preserveAspectRatio="none" style="image-rendering:${how}"`;
    this.#add("image", `${boxed(to)} href="${cut.toDataURL("image/png")}"`, drawn);
  }

  #filled(): string {
    return `fill="${escaped(String(this.fillStyle))}"`;
  }

  #stroked(): string {
    return `fill="none" stroke="${escaped(String(this.strokeStyle))}" stroke-width="${this.lineWidth}"`;
  }

  #add(name: string, ...[place, colour, content = ""]: string[]): void {
    const alpha = this.globalAlpha < 1 ? ` opacity="${round(this.globalAlpha)}"` : "";
    const turned = this.transform && ` transform="${this.transform}"`;
    this.#elements.push(`<${name} ${place} ${colour}${alpha}${turned}>${content}</${name}>`);
  }
}

function boxed([x, y, width, height]: Box): string {
  return `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
}

function cutOut(image: HTMLCanvasElement, [x, y, width, height]: Box): HTMLCanvasElement {
  const cut = document.createElement("canvas");
  cut.width = width;
  cut.height = height;
  cut.getContext("2d")?.drawImage(image, x, y, width, height, 0, 0, width, height);
  return cut;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
