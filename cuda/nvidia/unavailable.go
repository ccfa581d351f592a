package nvidia

// Options says where the driver is.
type Options struct {
	Library string // the file of NVIDIA's library; empty is the system's libcuda.so.1 or nvcuda.dll
}

// An Unavailable is why there is no driver, and what would help, if anything would.
type Unavailable struct {
	Reason, Remedy string
	Err            error // what was found, nil if the reason says it all
}

func (u *Unavailable) Error() string {
	if u.Err == nil {
		return u.Reason
	}
	return u.Reason + ": " + u.Err.Error()
}

// Unwrap returns Err.
func (u *Unavailable) Unwrap() error { return u.Err }
