package bench

import (
	"fmt"

	"arauto"
)

// People of a searchable list: names that share their words as people's do, and six columns whose values are had
// by one, by some thousands, and by half of the list.

var (
	firstNames = [...]string{
		"Maria", "José", "Ana", "João", "Antônio", "Francisco", "Carlos", "Paulo", "Pedro", "Lucas", "Luiz", "Marcos", "Luís", "Gabriel", "Rafael", "Francisca",
		"Daniel", "Marcelo", "Bruno", "Eduardo", "Felipe", "Raimundo", "Antônia", "Adriana", "Juliana", "Márcia", "Fernanda", "Patrícia", "Aline", "Sandra",
		"Camila", "Amanda", "Bruna", "Jéssica", "Letícia", "Júlia", "Luciana", "Vanessa", "Mariana", "Gabriela", "Vera", "Vitória", "Larissa", "Cláudia", "Beatriz",
		"Rodrigo", "Manoel", "Mateus", "André", "Fernando", "Fábio", "Leonardo", "Gustavo", "Guilherme", "Leandro", "Tiago", "Anderson", "Ricardo", "Márcio", "Jorge",
		"Sebastião", "Alexandre", "Roberto", "Edson", "Diego", "Vítor", "Sérgio", "Cláudio", "Matheus", "Thiago", "Geraldo", "Adriano", "Luciano", "Júlio", "Renato",
		"Alex", "Vinícius", "Rogério", "Samuel", "Ronaldo", "Mário", "Flávio", "Igor", "Douglas", "Davi", "Jeferson", "Cícero", "Robson", "Valdir", "Ivone", "Zuleica",
	}
	lastNames = [...]string{
		"Silva", "Santos", "Oliveira", "Souza", "Rodrigues", "Ferreira", "Alves", "Pereira", "Lima", "Gomes", "Costa", "Ribeiro", "Martins", "Carvalho", "Almeida",
		"Lopes", "Soares", "Fernandes", "Vieira", "Barbosa", "Rocha", "Dias", "Nascimento", "Andrade", "Moreira", "Nunes", "Marques", "Machado", "Mendes", "Freitas",
		"Cardoso", "Ramos", "Gonçalves", "Santana", "Teixeira", "Araújo", "Pinto", "Moura", "Cavalcanti", "Conceição", "Campos", "Castro", "Azevedo", "Monteiro",
		"Duarte", "Farias", "Fonseca", "Guimarães", "Xavier", "Siqueira", "Brandão", "Assunção", "Figueiredo", "Queiroz", "Magalhães", "Tavares", "Wanderley", "Zanetti",
	}
	particles = [...]string{" ", " da ", " de ", " dos "}
)

const (
	cities = 500
	plans  = 50
)

// mixed spreads k over 64 bits, the same every time.
func mixed(k int) uint64 {
	x := uint64(k) + 0x9e3779b97f4a7c15
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}

// person is the kth of them, of at most a thousand million.
func person(k int) arauto.Contact {
	x := mixed(k)
	pick := func(n int) int {
		v := int(x % uint64(n))
		x /= uint64(n)
		return v
	}
	// The first names and the last are had by many more than the others, as names are.
	first := firstNames[min(pick(len(firstNames)), pick(len(firstNames)))]
	name := first + particles[pick(len(particles))] + lastNames[min(pick(len(lastNames)), pick(len(lastNames)))] + " " + lastNames[pick(len(lastNames))]
	phone := arauto.Phone(fmt.Sprintf("+55%d9%08d", 11+k%10, (k/10*48271)%100_000_000))
	profile := "Pessoa Física"
	if x&1 == 1 {
		profile = "Pessoa Jurídica"
	}
	return arauto.Contact{
		Name: name, PhoneRaw: string(phone), Phone: phone, PersonKey: phone.PersonKey(),
		Fields: arauto.Fields{
			{Key: "cpf", Value: fmt.Sprintf("%011d", k)},
			{Key: "id_proposta", Value: fmt.Sprint(900_000_000 + k)},
			{Key: "email", Value: fmt.Sprintf("p%d@example.com", k)},
			{Key: "cidade", Value: fmt.Sprintf("Cidade %03d", mixed(k+1)%cities)},
			{Key: "plano", Value: fmt.Sprintf("Plano %02d", mixed(k+2)%plans)},
			{Key: "perfil", Value: profile},
		},
	}
}

// people are n of them from the kth on.
func people(k, n int) []arauto.Contact {
	list := make([]arauto.Contact, n)
	for i := range list {
		list[i] = person(k + i)
	}
	return list
}
