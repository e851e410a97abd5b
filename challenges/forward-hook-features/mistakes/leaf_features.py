"""Each feature is detached and asked to require a gradient again, so the layers below get none."""


def extract_features(model, x, names):
    modules = dict(model.named_modules())
    features, handles = {}, []
    try:
        for name in names:

            def keep(module, inputs, output, name=name):
                features[name] = output.detach().clone().requires_grad_()

            handles.append(modules[name].register_forward_hook(keep))
        model(x)
    finally:
        for handle in handles:
            handle.remove()
    return features
