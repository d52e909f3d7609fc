// The choice of what is to be done, under the headings of its kind.
import type { Task } from "../wire/workbench";

interface WorkbenchTaskProps {
  tasks: readonly Task[];
  chosen: string;
  onChoose(name: string): void;
}

export function WorkbenchTask({ tasks, chosen, onChoose }: WorkbenchTaskProps) {
  const sections = [...new Set(tasks.map(({ section }) => section))];
  return (
    <label class="nbt-select">
      <span aria-hidden="true">Task</span>
      <select
        aria-label="Task"
        value={chosen}
        onChange={({ currentTarget }) => onChoose(currentTarget.value)}
      >
        {sections.map((section) => (
          <optgroup key={section} label={section}>
            {tasks
              .filter((task) => task.section === section)
              .map(({ name }) => (
                <option key={name} value={name} selected={name === chosen}>
                  {name}
                </option>
              ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}
