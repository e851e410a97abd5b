"""Switches to evaluation and back to training for the whole model."""
def extract_features(model, x, names):
    modules = dict(model.named_modules())
    features = {}
    handles = []

    def make_hook(name):
        def hook(module, args, output):
            features[name] = output.clone()

        return hook

    was_training = model.training
    model.eval()
    try:
        for name in names:
            handles.append(modules[name].register_forward_hook(make_hook(name)))
        model(x)
    finally:
        for handle in handles:
            handle.remove()
        model.train(was_training)
    return features
