from tests.windows import interrupted
from tests.interrupting import broken_off
def one_by_one(kind, cmd, numbers):
    start=interrupted.starts(kind, cmd)
    for _ in range(3):
        r=start.call(); start.end(r); r=None; start.after()
    out=[]
    before=interrupted.settled_handle_count()
    for n in numbers:
        where,r=broken_off(start.call,n)
        if r is not None: start.end(r)
        r=None
        start.after()
        now=interrupted.settled_handle_count()
        if now>before: out.append((n,where,now-before)); 
        before=now
    return out
