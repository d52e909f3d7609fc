// What an anywidget host loads: `initialize` owns the connection, `render` the view.
import { connect } from "./connection";
import type { WidgetModel, Widgets } from "./host";
import { mount } from "./panels/mount";
import type { Kinds } from "./panels/panel";

interface InitializeProps {
  model: WidgetModel;
}

interface RenderProps {
  model: WidgetModel;
  el: HTMLElement;
  /** What shows other widgets; anywidget has it since 0.11. */
  host?: Widgets;
}

/** The widget that shows results of these kinds. */
export function widgetOf(kinds: Kinds) {
  return {
    initialize({ model }: InitializeProps): () => void {
      return connect(model);
    },
    render({ model, el, host }: RenderProps): () => void {
      return mount(model, el, kinds, host);
    },
  };
}
