import { describe, expect, it } from "vitest";
import { type Pen, SvgPen } from "../src/views/pen";

/** Each character is ten pixels wide. */
function drawnBy(draw: (pen: Pen) => void): Element {
  const pen = new SvgPen("clip", (text) => ({ width: 10 * text.length }) as TextMetrics);
  draw(pen);
  const file = `<svg xmlns="http://www.w3.org/2000/svg">${pen.elements}</svg>`;
  const page = new DOMParser().parseFromString(file, "image/svg+xml");
  expect(page.querySelector("parsererror")).toBeNull();
  return page.documentElement;
}

const attributes = (element: Element | null | undefined) =>
  Object.fromEntries(Array.from(element?.attributes ?? [], ({ name, value }) => [name, value]));

describe("the pen", () => {
  it("draws boxes and lines in the colours and widths of a canvas", () => {
    const root = drawnBy((pen) => {
      pen.fillStyle = "rgb(1, 2, 3)";
      pen.globalAlpha = 0.12;
      pen.fillRect(1, 2.005, 3, 4);
      pen.globalAlpha = 1;
      pen.strokeStyle = "#d6246c";
      pen.lineWidth = 2.5;
      pen.strokeRect(0, 0, 5, 5);
      pen.beginPath();
      pen.moveTo(0, 5);
      pen.lineTo(5, 0);
      pen.stroke();
    });
    const [box, frame] = root.querySelectorAll("rect");
    const size = { x: "1", y: "2.01", width: "3", height: "4" };
    expect(attributes(box)).toEqual({ ...size, fill: "rgb(1, 2, 3)", opacity: "0.12" });
    expect(attributes(frame)).toMatchObject({ fill: "none", stroke: "#d6246c", "stroke-width": "2.5" });
    expect(attributes(root.querySelector("path"))).toMatchObject({ d: "M0 5L5 0", fill: "none" });
  });

  it("writes text as text, on the side that a canvas would, whatever its direction", () => {
    const root = drawnBy((pen) => {
      pen.textBaseline = "middle";
      pen.textAlign = "right";
      pen.fillText(`<script>"&\u0000`, 7, 8);
      pen.direction = "rtl";
      pen.fillText("قطة", 7, 8);
      pen.textAlign = "center";
      pen.fillText("猫", 7, 8);
    });
    const texts = [...root.querySelectorAll("text")];
    expect(texts.map(({ textContent }) => textContent)).toEqual([`<script>"&\ufffd`, "قطة", "猫"]);
    expect(texts.map((text) => text.getAttribute("text-anchor"))).toEqual(["end", "start", "middle"]);
    expect(root.querySelectorAll("script")).toHaveLength(0);
  });

  it("ends what is cut out and turned where a canvas would", () => {
    const root = drawnBy((pen) => {
      pen.fillStyle = "red";
      pen.save();
      pen.beginPath();
      pen.rect(0, 0, 10, 20);
      pen.clip();
      pen.fillStyle = "blue";
      pen.translate(3, 4);
      pen.rotate(-Math.PI / 2);
      pen.fillRect(0, 0, 1, 1);
      pen.restore();
      pen.fillRect(0, 0, 2, 2);
    });
    const [inside, outside] = root.querySelectorAll("rect");
    expect(attributes(inside)).toMatchObject({ fill: "blue", transform: "translate(3 4)rotate(-90)" });
    const id = root.querySelector("clipPath")?.id;
    expect(inside?.parentElement?.getAttribute("clip-path")).toBe(`url(#${id})`);
    expect(root.querySelector("clipPath path")?.getAttribute("d")).toBe("M0 0h10v20h-10Z");
    expect(attributes(outside)).toMatchObject({ fill: "red" });
    expect(outside?.hasAttribute("transform")).toBe(false);
    expect(outside?.parentElement).toBe(root);
  });
});
