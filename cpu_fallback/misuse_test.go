package cpu

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

var tensorType = reflect.TypeFor[gpu.Tensor]()

// garble makes one field of v, a struct, something else.
func garble(rng *rand.Rand, v reflect.Value) {
	f := v.Field(rng.IntN(v.NumField()))
	for f.Kind() == reflect.Struct {
		if f.Type() == tensorType && rng.IntN(8) == 0 {
			f.SetZero()
			return
		}
		f = f.Field(rng.IntN(f.NumField()))
	}
	strange := [...]int64{0, 1, 2, 3, 7, 64, 65, 150, 1 << 31, 1 << 40, -1, math.MinInt64, math.MaxInt32, math.MaxInt64}
	x := strange[rng.IntN(len(strange))]
	switch f.Kind() {
	case reflect.Interface: // a Buffer
		f.SetZero()
	case reflect.Bool:
		f.SetBool(!f.Bool())
	case reflect.Float32:
		f.SetFloat([...]float64{0, -1, 0.5, math.NaN(), math.Inf(1), 1e38}[rng.IntN(6)])
	case reflect.Int:
		if rng.IntN(2) == 0 {
			x = f.Int() + int64(rng.IntN(5)) - 2
		}
		f.SetInt(x)
	default:
		f.SetUint(uint64(x) & 15)
	}
}

// Operations with fields that are wrong, and memory of anything, are computed or refused:
// none panics, and an error is one of package gpu's.
func TestGarbledOperations(t *testing.T) {
	r := newRig(t, Threads(1)) // as what is undefined, such as rows put twice, may be a race
	tasks := r.tasks()
	rng := rand.New(rand.NewPCG(3, 4))
	done, refused := 0, 0
	rounds := 30
	if testing.Short() {
		rounds = 6
	}
	for range rounds {
		for _, task := range tasks {
			op := gpu.Clone(task.op)
			for range 1 + rng.IntN(2) {
				garble(rng, reflect.ValueOf(op).Elem())
			}
			s := freshStream(t, r.b)
			s.Do(op)
			err := s.Err()
			if err == nil {
				done++
				continue
			}
			refused++
			if !errors.Is(err, gpu.ErrShape) && !errors.Is(err, gpu.ErrUnsupported) && !errors.Is(err, gpu.ErrIndex) {
				t.Errorf("%s: %v", task.name, err)
			}
		}
	}
	if done < 5*rounds || refused < 5*rounds {
		t.Errorf("%d operations were done, %d refused: too few to say much", done, refused)
	}
}
