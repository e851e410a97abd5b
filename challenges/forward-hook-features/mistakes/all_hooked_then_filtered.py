"""Hooks every layer and picks those asked for at the end; a layer that returns a tuple has no clone()."""


def extract_features(model, x, names):
    modules = dict(model.named_modules())
    for name in names:
        modules[name]
    outputs, handles = {}, []
    try:
        for name, module in modules.items():

            def keep(module, inputs, output, name=name):
                outputs[name] = output.clone()

            handles.append(module.register_forward_hook(keep))
        model(x)
    finally:
        for handle in handles:
            handle.remove()
    return {name: outputs[name] for name in names if name in outputs}
