"""The children of the features are held in eval mode, the features themselves are not."""


def freeze_features(model):
    for parameter in model.features.parameters():
        parameter.requires_grad = False
        parameter.grad = None
    for child in model.features.children():
        child.eval()
        child.train = lambda mode=True, child=child: child
