package catalog_test

import (
	"fmt"
	"strings"

	"github.com/openstance/stance/asset/catalog"
)

func ExampleSchema() {
	s, _ := catalog.Schema("AWS::KMS::Key")
	f, _ := s.Config.Field("EnableKeyRotation")
	fmt.Println(s.Class, f.Name)
	for _, o := range s.Operations {
		fmt.Println(o.Name, o.Provides)
	}
	_, err := s.Config.At("EnableKeyRotatoin")
	fmt.Println(err)
	// Output:
	// encryption EnableKeyRotation
	// kms:ListKeys []
	// kms:DescribeKey [config.Description config.Enabled config.KeySpec config.KeyUsage config.MultiRegion config.Origin status.KeyManager status.KeyState status.CreationDate status.DeletionDate status.ExpirationModel status.ValidTo status.CustomKeyStoreId status.AWSAccountId status.MultiRegionConfiguration]
	// kms:GetKeyRotationStatus [config.EnableKeyRotation config.RotationPeriodInDays status.NextRotationDate status.OnDemandRotationStartDate]
	// kms:GetKeyPolicy [access config.KeyPolicy]
	// kms:ListResourceTags [config.Tags]
	// path "EnableKeyRotatoin": unknown field "EnableKeyRotatoin"
}

func ExampleTypes() {
	for t := range catalog.Types() {
		if strings.HasPrefix(string(t), "Stance::") {
			fmt.Println(t)
		}
	}
	// Output:
	// Stance::AWS::Account
	// Stance::AWS::Region
	// Stance::Entra::ConditionalAccessPolicy
	// Stance::Entra::Tenant
	// Stance::Entra::User
}
