// The pictures of a panel as one file, one above the other: drawn again, and all of what is seen a part of.
import { type Pen, SvgPen } from "./pen";
import { save, saveText } from "./saving";
import { escaped } from "./svg";

/** What a canvas shows; where it shows the part of something that there is room for, all of that. */
export interface Drawing {
  width: number;
  height: number;
  font: string;
  draw(pen: Pen): void;
}

const drawings = new WeakMap<HTMLCanvasElement, Drawing>();

/** Have what a canvas shows drawn like this in files. */
export function rememberDrawing(canvas: HTMLCanvasElement, drawing: Drawing): void {
  drawings.set(canvas, drawing);
}

/** One picture of a panel. */
interface Part {
  width: number;
  height: number;
  /** As an element of SVG, so far down. */
  element(top: number): string;
  paint(context: CanvasRenderingContext2D): void | Promise<void>;
}

export type PictureKind = "png" | "svg";

const GAP_PX = 12;

/** Offer the pictures within an element for saving; rejects where the browser cannot make them. */
export async function savePictures(root: HTMLElement, title: string, kind: PictureKind): Promise<void> {
  const boxes = [...root.querySelectorAll<HTMLElement>(".nbt-plane, .nbt-heads, .nbt-curves, .nbt-plot")];
  const parts = boxes.map(partOf).filter((part) => part !== null);
  const paper = getComputedStyle(root.closest(".nbt-panel") ?? root).backgroundColor;
  if (kind === "svg") saveText(svgOf(parts, title, paper), "image/svg+xml", `${title}.svg`);
  else save(await pngOf(parts, paper), `${title}.png`);
}

function partOf(box: HTMLElement): Part | null {
  const lines = box.querySelector("svg");
  return lines ? lineChart(lines) : layered([...box.querySelectorAll("canvas")]);
}

/** Canvases that lie over each other. */
function layered(canvases: HTMLCanvasElement[]): Part | null {
  const layers = canvases.flatMap((canvas) => drawings.get(canvas) ?? []);
  const [first] = layers;
  if (!first) return null;
  const { width, height, font } = first;
  return {
    width,
    height,
    element: (top) => {
      const measuring = document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D;
      measuring.font = font;
      const pen = new SvgPen(`clip-${top}`, (text) => measuring.measureText(text));
      for (const { draw } of layers) {
        pen.save();
        draw(pen);
        pen.restore();
      }
      return `<svg y="${top}" width="${width}" height="${height}" style="font:${escaped(font)}">${pen.elements}</svg>`;
    },
    paint: (context) => {
      for (const { draw } of layers) {
        context.save();
        context.font = font;
        draw(context);
        context.restore();
      }
    },
  };
}

/** What the page's style sheet says of a chart, which a file does not have. */
const STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-family"];

function lineChart(chart: SVGSVGElement): Part {
  const { width, height } = chart.getBoundingClientRect();
  const element = (top: number) => {
    const copy = chart.cloneNode(true) as SVGSVGElement;
    const [from, to] = [chart, copy].map((one) => [one, ...one.querySelectorAll<SVGElement>("*")]);
    from?.forEach((one, at) => {
      const style = getComputedStyle(one);
      for (const name of STYLES) to?.[at]?.style.setProperty(name, style.getPropertyValue(name));
    });
    copy.setAttribute("y", String(top));
    return new XMLSerializer().serializeToString(copy);
  };
  return {
    width,
    height,
    element,
    paint: async (context) => {
      const image = new Image();
      image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(element(0))}`;
      await image.decode();
      context.drawImage(image, 0, 0, width, height);
    },
  };
}

/** How wide and high all are, and where each begins. */
function stacked(parts: readonly Part[]): { width: number; height: number; tops: number[] } {
  let height = -GAP_PX;
  const tops = parts.map((part) => {
    const top = height + GAP_PX;
    height = top + part.height;
    return top;
  });
  return { width: Math.max(0, ...parts.map((part) => part.width)), height: Math.max(0, height), tops };
}

function svgOf(parts: readonly Part[], title: string, paper: string): string {
  const { width, height, tops } = stacked(parts);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" fill="${escaped(paper)}"/>`,
    ...parts.map((part, at) => part.element(tops[at] ?? 0)),
    "</svg>",
  ].join("\n");
}

async function pngOf(parts: readonly Part[], paper: string): Promise<string> {
  const { width, height, tops } = stacked(parts);
  const ratio = globalThis.devicePixelRatio || 1;
  const picture = document.createElement("canvas");
  picture.width = Math.round(width * ratio);
  picture.height = Math.round(height * ratio);
  const context = picture.getContext("2d") as CanvasRenderingContext2D;
  context.fillStyle = paper;
  context.fillRect(0, 0, picture.width, picture.height);
  for (const [at, part] of parts.entries()) {
    context.setTransform(ratio, 0, 0, ratio, 0, (tops[at] ?? 0) * ratio);
    await part.paint(context);
  }
  return picture.toDataURL("image/png");
}
