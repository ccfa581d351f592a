package cuda

import (
	"errors"

	"github.com/rapt-go/rapt/cuda/driver"
)

// A pipe is a stream and pinned memory that transfers pass through. Uploads that are queued lie in it one behind the
// other until a drain, and downloads behind them.
type pipe struct {
	b       *Backend
	stream  driver.Stream
	staging driver.Host
	staged  int // bytes of queued uploads
}

const (
	inBytes   = 4 << 20 // for uploads; less only means to wait more often
	outBytes  = 1 << 20 // for downloads
	wordBytes = 4       // behind them
)

func (p *pipe) open() (err error) {
	if p.stream, err = p.b.device.NewStream(); err != nil {
		return err
	}
	p.staging, err = p.b.device.Pin(inBytes + outBytes + wordBytes)
	return err
}

// close waits for what is queued.
func (p *pipe) close() (err error) {
	if p.stream != nil {
		err = errors.Join(p.stream.Sync(), p.stream.Close())
	}
	if p.staging != nil {
		err = errors.Join(err, p.staging.Free())
	}
	return err
}

// in queues an upload; src may be reused at once.
func (p *pipe) in(dst driver.Ptr, src []byte) error {
	for len(src) > 0 {
		if p.staged == inBytes {
			if err := p.drain(); err != nil {
				return err
			}
		}
		n := min(len(src), inBytes-p.staged)
		copy(p.staging.Bytes()[p.staged:], src[:n])
		if err := p.stream.CopyIn(dst, p.staging, p.staged, n); err != nil {
			return err
		}
		dst, src = dst+driver.Ptr(n), src[n:]
		p.staged = min((p.staged+n+15)&^15, inBytes)
	}
	return nil
}

// out queues the download of as many of n bytes as one takes, which are in landed after a drain.
func (p *pipe) out(src driver.Ptr, n int) (int, error) {
	n = min(n, outBytes)
	if n == 0 {
		return 0, nil
	}
	return n, p.stream.CopyOut(p.staging, inBytes, n, src)
}

// word queues the download of a word to the end of landed.
func (p *pipe) word(src driver.Ptr) error {
	return p.stream.CopyOut(p.staging, inBytes+outBytes, wordBytes, src)
}

// landed is what downloads wrote.
func (p *pipe) landed() []byte { return p.staging.Bytes()[inBytes:] }

// drain waits for all that is queued.
func (p *pipe) drain() error {
	err := p.stream.Sync()
	p.staged = 0
	return err
}
