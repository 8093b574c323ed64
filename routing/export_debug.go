package routing

import "fmt"

func (r *Router) Kappa() [4]float64 { return r.model.tree.kappa }
func (r *Router) Dump() {
	for c := range r.lines {
		x := r.model.tree.level[0][c]
		a := r.model.per[c]
		fmt.Printf("   L0 %d d %.1f n %.1f faded %.2f silent %.0f told %.0f hidden %.0f/%.0f %.4f %.0f/%.0f %.4f\n", c, x.d, x.n, x.faded, a.silent, a.told, a.hidden[0].late, a.hidden[0].early,
			r.model.hiddenLoss(c, 0), a.hidden[1].late, a.hidden[1].early, r.model.hiddenLoss(c, 1))
		for k := range 2 {
			x := r.model.tree.level[1][k*r.model.width()+c]
			fmt.Printf("      L1 %d d/n %.4f n %.1f\n", k, x.d/x.n, x.n)
		}
	}
}
