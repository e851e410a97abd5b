"""Removes the hooks after the forward pass, unless it raises."""
def extract_features(model, x, names):
    modules = dict(model.named_modules())
    features = {}
    handles = []

    def make_hook(name):
        def hook(module, args, output):
            features[name] = output.clone()

        return hook

    chosen = [(name, modules[name]) for name in names]
    for name, module in chosen:
        handles.append(module.register_forward_hook(make_hook(name)))
    model(x)
    for handle in handles:
        handle.remove()
    return features
