// What an anywidget host loads: `initialize` owns the connection, `render` the view.
import { connect } from "./connection";
import type { WidgetModel } from "./host";
import { mount } from "./panels/mount";

interface InitializeProps {
  model: WidgetModel;
}

interface RenderProps {
  model: WidgetModel;
  el: HTMLElement;
}

export default {
  initialize({ model }: InitializeProps): () => void {
    return connect(model);
  },
  render({ model, el }: RenderProps): () => void {
    return mount(model, el);
  },
};
