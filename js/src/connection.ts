// One channel a model, however many views it has.
import { Channel } from "./channel";
import { Host, hearAlsoLate, type WidgetModel } from "./host";

// A host gives `initialize` and `render` different proxies of one model, so the panel's own id is the key.
const channels = new Map<string, Channel>();

/** Connect a model for as long as it lives; returns the way to disconnect. */
export function connect(model: WidgetModel): () => void {
  const host = new Host(model);
  const { panelId } = host;
  const channel = new Channel(host);
  channels.set(panelId, channel);
  // A host that does not know the model by this id is no Jupyter: it hears in its own way.
  hearAlsoLate(host).catch(() => {});
  return () => {
    if (channels.get(panelId) === channel) channels.delete(panelId);
    channel.dispose();
  };
}

/** The model's channel, or one for this view alone where the host never called `initialize`. */
export function channelOf(host: Host): { channel: Channel; release: () => void } {
  const shared = channels.get(host.panelId);
  if (shared) return { channel: shared, release: () => {} };
  const own = new Channel(host);
  return { channel: own, release: () => own.dispose() };
}

export function isConnected(panelId: string): boolean {
  return channels.has(panelId);
}

// Views of each panel that are on the page.
const views = new Map<string, number>();

/** A view of a panel begins. */
export function viewed(panelId: string): void {
  views.set(panelId, viewsOf(panelId) + 1);
}

/** A view of a panel has ended. */
export function left(panelId: string): void {
  const rest = viewsOf(panelId) - 1;
  if (rest > 0) views.set(panelId, rest);
  else views.delete(panelId);
}

export function viewsOf(panelId: string): number {
  return views.get(panelId) ?? 0;
}
