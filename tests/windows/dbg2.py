import threading, _thread, gc
from ctrlevent._win32 import system
from ctrlevent._windows import helper_route
from tests.windows.leaks import settled_handle_count as c
def go():
    code=helper_route._code(); w=system(); out=[]
    for k in range(12):
        h=w.start_python(code); h.close(); h=None
        out.append((c(), len(threading._active), _thread._count()))
    return out
