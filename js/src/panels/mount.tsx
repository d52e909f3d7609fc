// One view of a model: its element, its theme, its twin hidden, and the way to undo it all.
import { render } from "preact";
import { channelOf } from "../connection";
import { follow } from "../gone";
import { Host, type WidgetModel, type Widgets } from "../host";
import { hideSnapshots } from "../snapshot";
import { followTheme } from "../theme";
import { type Kinds, Panel } from "./panel";

export function mount(model: WidgetModel, el: HTMLElement, kinds: Kinds, widgets?: Widgets): () => void {
  const host = new Host(model, widgets);
  const { channel, release } = channelOf(host);
  const root = el.ownerDocument.createElement("div");
  root.className = "nbt-live";
  root.addEventListener("focusin", keepKeys);
  el.append(root);
  const stopTheme = followTheme(root);
  render(<Panel host={host} channel={channel} kinds={kinds} />, root);
  const showSnapshots = hideSnapshots(el, host.panelId);
  const end = follow(host, root);
  return () => {
    end();
    showSnapshots();
    stopTheme();
    render(null, root);
    root.remove();
    release();
  };
}

/**
 * Jupyter's single-key commands would take Enter and the arrows from whatever has the focus here. It asks the
 * focused element before that element's ancestors, so the mark must stand on the element itself.
 */
function keepKeys(event: FocusEvent): void {
  (event.target as Element).setAttribute("data-lm-suppress-shortcuts", "true");
}
