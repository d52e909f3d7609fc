// A file that the reader keeps, made of what is on the page; no kernel is needed for it.

/** Offer a text for saving. A data address: to make one of another kind is not allowed everywhere. */
export function saveText(text: string, type: string, name: string): void {
  const link = document.createElement("a");
  link.href = `data:${type};charset=utf-8,${encodeURIComponent(text)}`;
  link.download = name;
  link.click();
}

/** Offer what some canvases show, one above the other, as a picture. */
export function savePicture(canvases: readonly HTMLCanvasElement[], background: string, name: string): void {
  const [first] = canvases;
  if (!first) return;
  const picture = document.createElement("canvas");
  picture.width = first.width;
  picture.height = first.height;
  const context = picture.getContext("2d");
  if (!context) return;
  context.fillStyle = background;
  context.fillRect(0, 0, picture.width, picture.height);
  for (const canvas of canvases) context.drawImage(canvas, 0, 0);
  const link = document.createElement("a");
  link.href = picture.toDataURL("image/png");
  link.download = name;
  link.click();
}
