// A file that the reader keeps, made of what is on the page; no kernel is needed for it.

/** Offer a text for saving. A data address: to make one of another kind is not allowed everywhere. */
export function saveText(text: string, type: string, name: string): void {
  save(`data:${type};charset=utf-8,${encodeURIComponent(text)}`, name);
}

export function save(address: string, name: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}
