"""Knows a layer by the last part of its name."""
def extract_features(model, x, names):
    modules = dict(model.named_modules())
    by_last_part = {}
    for full_name, module in modules.items():
        by_last_part.setdefault(full_name, module)
        by_last_part.setdefault(full_name.rpartition(".")[2], module)
    features = {}
    handles = []

    def make_hook(name):
        def hook(module, args, output):
            features[name] = output.clone()

        return hook

    try:
        for name in names:
            handles.append(by_last_part[name].register_forward_hook(make_hook(name)))
        model(x)
    finally:
        for handle in handles:
            handle.remove()
    return features
