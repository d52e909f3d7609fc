"""The workbench: a task, a model, an input and options chosen by hand; what they give is shown below."""
