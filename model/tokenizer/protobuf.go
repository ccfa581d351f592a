package tokenizer

// Protocol buffers, as far as a SentencePiece model needs them: the wire format of https://protobuf.dev/programming-guides/encoding.

import (
	"encoding/binary"
	"fmt"
	"math"
)

// The wire types of a field.
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

var wireNames = map[uint64]string{wireVarint: "varint", wire64: "64-bit", wireBytes: "length-delimited", wire32: "32-bit"}

// field is one of a message.
type field struct {
	number uint64
	wire   uint64
	value  uint64 // of the numeric types
	bytes  []byte // of wireBytes: a part of the message
}

// eachField gives the fields of a message to f in order. A field that f does not know it leaves alone.
func eachField(message []byte, f func(field) error) error {
	for at := 0; at < len(message); {
		key, size := binary.Uvarint(message[at:])
		if size <= 0 {
			return fmt.Errorf("a broken field key at byte %d of %d", at, len(message))
		}
		at += size
		v := field{number: key >> 3, wire: key & 7}
		if v.number == 0 || v.number > 1<<29-1 {
			return fmt.Errorf("field number %d before byte %d", v.number, at)
		}
		rest := message[at:]
		switch v.wire {
		case wireVarint, wireBytes:
			if v.value, size = binary.Uvarint(rest); size <= 0 {
				return fmt.Errorf("field %d: a broken number at byte %d of %d", v.number, at, len(message))
			}
			if v.wire == wireBytes {
				if v.value > uint64(len(rest)-size) {
					return fmt.Errorf("field %d: %d bytes, but %d are left", v.number, v.value, len(rest)-size)
				}
				v.bytes = rest[size : size+int(v.value)]
				size += int(v.value)
			}
		case wire32, wire64:
			size = 4
			if v.wire == wire64 {
				size = 8
			}
			if len(rest) < size {
				return fmt.Errorf("field %d: %d bytes, but %d are left", v.number, size, len(rest))
			}
			if v.wire == wire32 {
				v.value = uint64(binary.LittleEndian.Uint32(rest))
			} else {
				v.value = binary.LittleEndian.Uint64(rest)
			}
		default:
			return fmt.Errorf("field %d: wire type %d", v.number, v.wire)
		}
		at += size
		if err := f(v); err != nil {
			return err
		}
	}
	return nil
}

// is reports a field of another wire type than its name has.
func (f field) is(wire uint64, name string) error {
	if f.wire != wire {
		return fmt.Errorf("%s: found a %s field, expected %s", name, wireNames[f.wire], wireNames[wire])
	}
	return nil
}

func (f field) setBool(p *bool, name string) error {
	*p = f.value != 0
	return f.is(wireVarint, name)
}

func (f field) setInt(p *int32, name string) error {
	*p = int32(f.value)
	return f.is(wireVarint, name)
}

func (f field) setFloat(p *float32, name string) error {
	*p = math.Float32frombits(uint32(f.value))
	return f.is(wire32, name)
}

func (f field) setString(p *string, name string) error {
	*p = string(f.bytes)
	return f.is(wireBytes, name)
}
