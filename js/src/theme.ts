// Light or dark: whatever the host says, else what is behind the panel, else what the reader's system prefers.
import { luminance, parseColour } from "./colour";

export type Theme = "light" | "dark";

export function detectTheme(element: Element): Theme {
  return (
    themeOfHost(element.ownerDocument) ?? themeBehind(element) ?? (prefersDark()?.matches ? "dark" : "light")
  );
}

/** What JupyterLab, Notebook, Voilà, VS Code, Colab and marimo write on the page. */
function themeOfHost(page: Document): Theme | null {
  const { body, documentElement: root } = page;
  const jupyter = body.dataset.jpThemeLight;
  if (jupyter === "true" || jupyter === "false") return jupyter === "true" ? "light" : "dark";
  const vscode = body.dataset.vscodeThemeKind;
  if (vscode) return vscode === "vscode-light" || vscode === "vscode-high-contrast-light" ? "light" : "dark";
  const colab = root.getAttribute("theme");
  if (colab === "light" || colab === "dark") return colab;
  for (const element of [body, root]) {
    if (element.classList.contains("dark") || element.classList.contains("dark-theme")) return "dark";
    if (element.classList.contains("light") || element.classList.contains("light-theme")) return "light";
  }
  return null;
}

/** The first opaque background among the ancestors. */
function themeBehind(element: Element): Theme | null {
  const view = element.ownerDocument.defaultView;
  for (let at: Element | null = element.parentElement; at && view; at = at.parentElement) {
    const colour = parseColour(view.getComputedStyle(at).backgroundColor);
    if (colour && colour[3] > 0.5) return luminance(colour) < 0.4 ? "dark" : "light";
  }
  return null;
}

function prefersDark(): MediaQueryList | null {
  return typeof matchMedia === "function" ? matchMedia("(prefers-color-scheme: dark)") : null;
}

/** Write the theme on the panel's root, and keep it right when the host's changes; returns the way to stop. */
export function followTheme(root: HTMLElement): () => void {
  const apply = () => {
    root.dataset.theme = detectTheme(root);
  };
  apply();
  let timer: ReturnType<typeof setTimeout> | undefined;
  // A host swaps its attribute first and its style sheet some moments later.
  const changed = () => {
    apply();
    clearTimeout(timer);
    timer = setTimeout(apply, 400);
  };
  const observer = new MutationObserver(changed);
  const { body, documentElement } = root.ownerDocument;
  for (const element of [body, documentElement]) observer.observe(element, { attributes: true });
  const media = prefersDark();
  media?.addEventListener("change", changed);
  return () => {
    clearTimeout(timer);
    observer.disconnect();
    media?.removeEventListener("change", changed);
  };
}
