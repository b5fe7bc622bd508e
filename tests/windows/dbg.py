import sys, traceback, time, _thread
from tests.windows import interrupted
from tests.interrupting import broken_off
def stacks(kind, cmd, at):
    start=interrupted.starts(kind, cmd)
    r=start.call(); start.end(r)
    w=broken_off(start.call,at)[0]
    time.sleep(1)
    out=[w, str(_thread._count())]
    for i,f in sys._current_frames().items():
        out.append(f'--- {i}'); out += traceback.format_stack(f)[-5:]
    return out
