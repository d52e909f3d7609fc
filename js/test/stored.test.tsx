import { describe, expect, it } from "vitest";
import file from "../../tests/golden/stored.json";
import { drawn, onCleanPages, show } from "./page";

const { header } = file;

describe("results in a file", () => {
  onCleanPages();

  it("says where they are, what to know, and how they begin", () => {
    const { one, all } = show({ kind: "stored", header });
    expect(one(".nbt-title").textContent).toBe(header.title);
    expect(one(".nbt-subtitle").textContent).toBe(header.subtitle);
    expect(one(".nbt-strip-warning").textContent).toContain(header.notes[0]);
    expect(all("th").map((cell) => cell.textContent)).toEqual(header.columns);
    const cells = all("tbody tr").map((row) =>
      [...row.querySelectorAll("td")].map((cell) => cell.textContent),
    );
    expect(cells).toEqual(header.beginning);
    expect(one(".nbt-stored p").textContent).toBe(header.more.replaceAll("`", ""));
    expect(one(".nbt-stored code").textContent).toBe("pd.read_parquet('labels.parquet')");
    expect(all("img")).toEqual([]);
  });

  it("says of no more rows than there are", () => {
    const { one, all } = show({ kind: "stored", header: { ...header, rows: 4, more: "" } });
    expect(one(".nbt-stored").getAttribute("aria-label")).toBe("The rows");
    expect(all(".nbt-stored p")).toEqual([]);
  });

  it("has no table where there are no rows", () => {
    const { all } = show({ kind: "stored", header: { ...header, rows: 0, beginning: [] } });
    expect(all("table")).toEqual([]);
  });

  it("asks for the cell again when the kernel is of another version", async () => {
    const { one } = show({ kind: "stored", header: { ...header, version: 99 } });
    await drawn();
    expect(one(".nbt-strip-error").textContent).toContain("run the cell again");
  });
});
