from rushlight import nn


def add_one(module, args, output):
    return output + 1


def test_a_new_hook_does_not_replace_one_that_was_pickled():
    net = nn.Identity()
    handle = net.register_forward_hook(add_one)
    net._forward_hooks[handle.id + 1] = net._forward_hooks.pop(handle.id)
    net.register_forward_hook(add_one)
    assert net(1) == 3 and len(net._forward_hooks) == 2


def test_hooks_that_come_and_go_in_a_call():
    net = nn.Identity()
    seen = []

    def once(module, args):
        handle.remove()
        module.register_forward_hook(lambda *_: seen.append("new"))

    handle = net.register_forward_pre_hook(once)
    gone = net.register_forward_hook(lambda *_: seen.append("gone"))
    net.register_forward_pre_hook(lambda *_: gone.remove())
    net(1)
    assert seen == ["new"]
