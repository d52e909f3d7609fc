// The development page: every state of the panel, over a fake model.
import panel from "../src/index";
import { FakeModel } from "../test/fake";
import { CASES } from "./cases";

const asked = new URLSearchParams(location.search);
if (asked.get("theme") === "dark") document.body.classList.add("dark");

for (const [name, make] of Object.entries(CASES)) {
  const only = asked.get("case");
  if (only !== null && only !== name) continue;
  if (only === null) {
    const title = document.createElement("h2");
    title.textContent = name;
    document.body.append(title);
  }
  const el = document.createElement("div");
  document.body.append(el);
  const model = new FakeModel({ panel_id: name });
  make(model);
  panel.initialize({ model });
  panel.render({ model, el });
}
