// Writing files, byte for byte as the reference implementation does.

package safetensors

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Write writes tensors to w. Their data are copied from each Tensor's Src, in pieces; File is not looked at. Everything is checked before
// the first byte is written. The order of the tensors is the format's own: the widest dtypes first, then by name, so that data
// are aligned to their elements and equal tensors make equal files.
func Write(w io.Writer, metadata map[string]string, tensors []Tensor) error {
	tensors = slices.Clone(tensors)
	slices.SortFunc(tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(b.DType.rank(), a.DType.rank()), cmp.Compare(a.Name, b.Name))
	})
	if err := checkTensors(tensors); err != nil {
		return err
	}
	header, err := appendHeader(metadata, tensors)
	if err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range tensors {
		if t.Size == 0 {
			continue
		}
		n, err := io.Copy(w, io.NewSectionReader(t.Src, t.Off, t.Size))
		if err == nil && n < t.Size {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return fmt.Errorf("tensor %s: copying its data, after %d of %d bytes: %w", quote(t.Name), n, t.Size, err)
		}
	}
	return nil
}

// checkTensors refuses what could not be read back.
func checkTensors(tensors []Tensor) error {
	names := make(map[string]bool, len(tensors))
	var total int64
	for _, t := range tensors {
		size, err := byteSize(t.DType, t.Shape)
		switch {
		case err != nil:
		case names[t.Name]:
			err = errors.New("appears twice")
		case t.Name == metadataKey:
			err = errors.New("the name is reserved for metadata")
		case t.Size != size:
			err = fmt.Errorf("shape %v of %s takes %d bytes, but the size is given as %d", t.Shape, t.DType, size, t.Size)
		case size > 0 && t.Src == nil:
			err = errors.New("has no Src to read from")
		case t.Off < 0 || size > math.MaxInt64-t.Off:
			err = fmt.Errorf("offset %d with size %d is outside of any file", t.Off, size)
		case size > math.MaxInt64-total:
			err = errors.New("the file would be too large")
		}
		if err != nil {
			return fmt.Errorf("tensor %s: %w", quote(t.Name), err)
		}
		names[t.Name] = true
		total += size
	}
	return nil
}

// appendHeader makes the header with its length in front and the padding behind: the data begin at a multiple of 8 bytes.
func appendHeader(metadata map[string]string, tensors []Tensor) ([]byte, error) {
	b := append(make([]byte, lengthSize), '{')
	if metadata != nil {
		b = append(b, `"`+metadataKey+`":{`...)
		for i, key := range slices.Sorted(maps.Keys(metadata)) {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(append(appendString(b, key), ':'), metadata[key])
		}
		b = append(b, '}')
	}
	var off int64
	for i, t := range tensors {
		if i > 0 || metadata != nil {
			b = append(b, ',')
		}
		b = appendString(b, t.Name)
		b = append(b, `:{"dtype":"`+string(t.DType)+`","shape":[`...)
		for i, dim := range t.Shape {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, int64(dim), 10)
		}
		b = fmt.Appendf(b, `],"data_offsets":[%d,%d]}`, off, off+t.Size)
		off += t.Size
	}
	b = append(b, '}')
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	n := len(b) - lengthSize
	if n > maxHeader {
		return nil, fmt.Errorf("the header has %d bytes, more than the %d that the format allows", n, maxHeader)
	}
	if !utf8.Valid(b[lengthSize:]) {
		return nil, errors.New("a name or metadata are not UTF-8")
	}
	binary.LittleEndian.PutUint64(b, uint64(n))
	return b, nil
}

// appendString appends s as JSON, with no more escapes than JSON needs: encoding/json escapes U+2028 and U+2029 too.
func appendString(b []byte, s string) []byte {
	const short = "\b\f\n\r\t\"\\"
	b = append(b, '"')
	for _, c := range []byte(s) {
		if i := strings.IndexByte(short, c); i >= 0 {
			b = append(b, '\\', `bfnrt"\`[i])
		} else if c < ' ' {
			b = fmt.Appendf(b, `\u%04x`, c)
		} else {
			b = append(b, c)
		}
	}
	return append(b, '"')
}
