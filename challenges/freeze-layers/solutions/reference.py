def freeze_features(model):
    features = model.features
    for parameter in features.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None  # a gradient left here would still be stepped on
    features.eval()
    # model.train() calls train() of every child; this one does not listen any more.
    features.train = lambda mode=True: features
