import { afterEach, describe, expect, it } from "vitest";
import { detectTheme } from "../src/theme";

const root = document.documentElement;

function element(): HTMLElement {
  const inner = document.createElement("div");
  document.body.append(inner);
  return inner;
}

afterEach(() => {
  for (const at of [document.body, root]) {
    for (const { name } of [...at.attributes]) at.removeAttribute(name);
  }
  document.body.replaceChildren();
});

describe("the theme", () => {
  it.each([
    ["JupyterLab, Notebook, Voilà", document.body, "data-jp-theme-light", "false", "dark"],
    ["JupyterLab, light", document.body, "data-jp-theme-light", "true", "light"],
    ["VS Code", document.body, "data-vscode-theme-kind", "vscode-dark", "dark"],
    ["VS Code, high contrast", document.body, "data-vscode-theme-kind", "vscode-high-contrast", "dark"],
    ["VS Code, light", document.body, "data-vscode-theme-kind", "vscode-light", "light"],
    ["Colab", root, "theme", "dark", "dark"],
    ["marimo", document.body, "class", "dark dark-theme", "dark"],
  ] as const)("is the host's: %s", (_, at, name, value, expected) => {
    at.setAttribute(name, value);
    expect(detectTheme(element())).toBe(expected);
  });

  it("is that of what stands behind, where the host says nothing", () => {
    document.body.style.backgroundColor = "rgb(20, 20, 30)";
    expect(detectTheme(element())).toBe("dark");
    document.body.style.backgroundColor = "rgb(250, 250, 240)";
    expect(detectTheme(element())).toBe("light");
  });
});
